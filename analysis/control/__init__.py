"""Control runs: prompts, settings tried, refusals, judging, surfaces of effect and
cost; no model is touched.
"""
