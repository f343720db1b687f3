"""What every page stands in: shell, links, jobs, cache, panels, controls; no page of
its own.
"""
