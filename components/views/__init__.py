"""Each page put together: choose, compute, show, explain; no arithmetic, no drawing."""
