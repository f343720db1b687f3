"""A stand-in for a vLLM server with vllm-lens: its schema over HTTP, a tiny model behind.

It steers and captures by hooks of its own, without a cache of keys and values, so that it
shares nothing with the house but the model. Faults can be planted in it.
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import torch
from pyarrow import Codec

from analysis.core.templates import prompt_ids
from analysis.model.load import Loaded

Vectors = list[dict[str, Any]]


class LensServer(ThreadingHTTPServer):
    """The server; ``fault`` names what is wrong with it, ``spoiled`` spoils answers."""

    daemon_threads = True

    def __init__(self, loaded: Loaded, fault: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.loaded = loaded
        self.fault = fault
        self.lock = threading.Lock()
        self.latest: Vectors = []
        self.cached: dict[tuple, Vectors] = {}
        self.key = ""
        self.heard: list[dict[str, Any]] = []
        self.raw: dict[str, bytes] = {}
        self.moved_to = ""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(loaded: Loaded, fault: str = "") -> Iterator[LensServer]:
    """A stand-in that runs while the context lasts."""
    server = LensServer(loaded, fault)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    """What the server says at each path."""

    server: LensServer

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""

    def do_GET(self) -> None:
        """Version and model."""
        name = self.server.loaded.spec.model
        known = {
            "/version": {"version": "0.30.0"},
            "/v1/models": {"data": [{"id": "tiny", "root": name}]},
        }
        self.say(known.get(self.path))

    def do_POST(self) -> None:
        """Tokens and answers."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heard.append(body)
        with self.server.lock:
            if self.path == "/tokenize":
                self.say(tokenized(self.server, body))
            elif self.path == "/v1/completions":
                self.say(completed(self.server, body))
            else:
                self.say(None)

    def say(self, found: dict[str, Any] | None) -> None:
        """Send an answer, or an error in the form that vLLM has."""
        server = self.server
        if server.moved_to:
            self.send_response(307)
            self.send_header("Location", server.moved_to + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        status = 200
        if server.key and self.headers.get("Authorization") != f"Bearer {server.key}":
            given = self.headers.get("Authorization", "")
            status, found = 401, {"error": {"message": f"wrong key {given}"}}
        elif found is None:
            status, found = 400, {"error": {"message": "there is no such thing"}}
        data = server.raw.get(self.path, json.dumps(found).encode())
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def tokenized(server: LensServer, body: dict[str, Any]) -> dict[str, Any] | None:
    """What /tokenize says; None (a refusal) for a turn where there is no template."""
    tokenizer = server.loaded.tokenizer
    if "messages" in body:
        if not tokenizer.chat_template:
            return None
        ids = tokenizer.apply_chat_template(
            body["messages"],
            add_generation_prompt=body["add_generation_prompt"]
            != (server.fault == "chat"),
            tokenize=True,
            return_dict=False,
            **body["chat_template_kwargs"],
        )
        return {"tokens": ids, "count": len(ids)}
    (ids,) = prompt_ids(
        tokenizer, [body["prompt"]], not body.get("add_special_tokens", True)
    )
    if server.fault == "begins twice":
        ids = [ids[0], *ids]
    return {"tokens": ids, "count": len(ids)}


def completed(server: LensServer, body: dict[str, Any]) -> dict[str, Any]:
    """What /v1/completions says."""
    extra = body.get("vllm_xargs") or {}
    vectors = [
        read(one) for one in json.loads(extra.get("apply_steering_vectors", "[]"))
    ]
    wanted = extra.get("output_residual_stream")
    prompt = list(body["prompt"])
    vectors = cached(server, body, vectors, wanted is not None)
    vectors = spoiled(server, vectors)
    layers = json.loads(wanted) if wanted else []
    ids, states = greedy(server.loaded, prompt, body["max_tokens"], vectors)
    ended = "length"
    if ids and ids[-1] == server.loaded.tokenizer.eos_token_id:
        ended = "stop"
    choice = {
        "index": 0,
        "text": server.loaded.tokenizer.decode(ids, skip_special_tokens=True),
        "token_ids": ids if body.get("return_token_ids") else None,
        "prompt_token_ids": prompt,
        "finish_reason": ended,
    }
    found: dict[str, Any] = {"choices": [choice]}
    if wanted and server.fault != "no plugin":
        if layers is not True:
            states = states[sorted(layers)]
        if server.fault == "half precision":
            states = states.bfloat16()
        found["activations"] = {"residual_stream": written(states)}
    return found


def cached(
    server: LensServer, body: dict[str, Any], vectors: Vectors, captures: bool
) -> Vectors:
    """What steers this request, where blocks of an earlier one are found again.

    As in vLLM: keys and values that were computed under steering are found by whoever
    begins alike, unless the request is salted, captures, steers, or skips the cache.
    """
    extra = body.get("vllm_xargs") or {}
    skips = captures or vectors or extra.get("skip_reading_prefix_cache")
    key = (body.get("cache_salt"), tuple(body["prompt"]))
    if server.fault == "shared cache":
        skips = captures or vectors
        key = (None, tuple(body["prompt"]))
    if not skips and key in server.cached:
        return server.cached[key]
    server.cached[key] = vectors
    return vectors


def spoiled(server: LensServer, vectors: Vectors) -> Vectors:
    """The vectors as a fault has them."""
    latest, server.latest = server.latest, vectors or server.latest
    last = len(server.loaded.blocks) - 1
    if server.fault == "ignored":
        return []
    if server.fault == "twice":
        return [*vectors, *vectors]
    if server.fault == "next layer":
        return [one | {"layer": min(one["layer"] + 1, last)} for one in vectors]
    if server.fault == "a neighbour's":
        return latest if vectors and latest else vectors
    if server.fault == "stale":
        return vectors or latest
    if server.fault == "everywhere":
        return [one | {"places": None} for one in vectors]
    return vectors


def read(sent: dict[str, Any]) -> dict[str, Any]:
    """A vector as it was sent: its rows (token, hidden), layer, scale and places."""
    stored = sent["activations"]
    data = base64.b64decode(stored["data"])
    size = int(np.prod(stored["shape"])) * 4
    if stored.get("compression") == "zstd":
        data = Codec("zstd").decompress(data, decompressed_size=size, asbytes=True)
    assert stored["dtype"] == "float32" and stored["original_dtype"] == "torch.float32"
    values = torch.tensor(np.frombuffer(data, "<f4").reshape(stored["shape"]).copy())
    (layer,) = sent["layer_indices"]
    assert (values.ndim == 2) == (sent["position_indices"] is None)
    return {
        "rows": values[0],
        "layer": layer,
        "scale": sent["scale"],
        "norm": sent["norm_match"],
        "places": sent["position_indices"],
    }


@torch.inference_mode()
def greedy(
    loaded: Loaded, prompt: list[int], tokens: int, vectors: Vectors
) -> tuple[list[int], torch.Tensor]:
    """A greedy answer with what ends it, and states (layer, token, hidden) of all that
    was read.
    """
    ids: list[int] = []
    states = torch.empty(0)
    for _ in range(tokens):
        kept: list[torch.Tensor] = []
        handles = []
        for layer, block in enumerate(loaded.blocks):
            handles.append(block.register_forward_hook(pushing(layer, vectors, kept)))
        try:
            given = torch.tensor([[*prompt, *ids]])
            logits = loaded.model(
                input_ids=given, attention_mask=torch.ones_like(given), use_cache=False
            ).logits
        finally:
            for handle in handles:
                handle.remove()
        states = torch.stack(kept)
        ids.append(int(logits[0, -1].argmax()))
        if ids[-1] == loaded.tokenizer.eos_token_id:
            break
    return ids, states


def pushing(layer: int, vectors: Vectors, kept: list[torch.Tensor]) -> Any:
    """A hook that pushes what leaves a block, and keeps it."""

    def hook(_: Any, __: Any, output: Any) -> Any:
        whole = output[0] if isinstance(output, tuple) else output
        states = whole[0].clone()
        for one in vectors:
            if one["layer"] != layer:
                continue
            rows = one["rows"]
            places = one["places"]
            if places is None:
                places = range(len(states))
                rows = rows.reshape(-1, rows.shape[-1])[:1].expand(len(states), -1)
            for place, row in zip(places, rows):
                if place < len(states):
                    length = states[place].norm() / row.norm() if one["norm"] else 1
                    states[place] += row * length * one["scale"]
        kept.append(states.clone())
        if isinstance(output, tuple):
            return (states[None], *output[1:])
        return states[None]

    return hook


def written(states: torch.Tensor) -> dict[str, Any]:
    """States as the plugin writes them."""
    name = str(states.dtype)
    plain = states.view(torch.int16) if states.dtype == torch.bfloat16 else states
    data = Codec("zstd").compress(plain.contiguous().numpy().tobytes(), asbytes=True)
    return {
        "data": base64.b64encode(data).decode(),
        "dtype": str(plain.numpy().dtype),
        "original_dtype": name,
        "shape": list(states.shape),
        "compression": "zstd",
    }
