"""The only rooms with torch: models, extraction, steering, and the worker that owns a model."""
