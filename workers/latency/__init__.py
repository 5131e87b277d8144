"""How long a network takes on one processor core: measured with its conditions, or predicted from that."""
