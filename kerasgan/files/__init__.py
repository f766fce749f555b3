"""Files: paths in other file systems, pictures, films, TOML, event files, downloads. Nothing here imports Keras."""
