"""What each page shows: figures made from labelled arrays, with captions that carry n, intervals and chance."""
