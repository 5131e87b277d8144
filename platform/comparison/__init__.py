"""What runs are beside each other, and beside the paper."""
