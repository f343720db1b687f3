"""What goes in: languages, contrast pairs, prompt templates, and published results."""
