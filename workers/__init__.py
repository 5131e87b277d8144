"""What one machine does with one value: data, training, evaluation, latency, export, video."""
