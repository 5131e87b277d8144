"""What a person looks at after a search: Pareto fronts, tables and figures read from Parquet alone."""
