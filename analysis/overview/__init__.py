"""What stands above single subjects: findings, comparison of studies, the registry of
analyses; no measure of its own.
"""
