"""Programs that run a model for us: the contract, the suite that each must pass, a vLLM
server; no torch.
"""
