"""Data in shards: TFRecords, WebDataset's tar files, Parquet and Hugging Face datasets."""
