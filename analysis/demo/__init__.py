"""The demo: a small world written in sixteen languages, a model trained on it, and a study of that model."""
