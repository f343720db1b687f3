"""What steering brings on universal questions and costs in local culture; no geometry."""
