"""What a person types and reads: arguments, errors as one line, progress."""
