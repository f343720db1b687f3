"""Numbers kept as whole ones: nearly the same again, and refused without their scales."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from analysis.core.errors import StudyError
from analysis.demo.shipping import ship
from analysis.study import store, whole_numbers
from analysis.study.array_checks import check_arrays
from tests.planted import planted_study
from tests.stored import stored


def test_numbers_come_back_to_half_a_step_of_their_block():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((3, 5, 64)).astype(np.float32)
    values[0, 0, 7] = 900.0  # an outlier spoils its own block only
    values[1, 1] = 0.0
    whole, scales = whole_numbers.in_eighths(values)
    assert whole.dtype == np.int8 and scales.shape == (3, 5, 2)
    again = whole_numbers.restored(whole, scales)
    steps = np.repeat(scales.astype(np.float32), whole_numbers.BLOCK, -1)
    assert (np.abs(again - values) <= 0.51 * steps + 1e-6).all()
    assert not again[1, 1].any() and abs(again[0, 0, 7] - 900) < 2
    with pytest.raises(ValueError):
        whole_numbers.in_eighths(values[..., :33])


def test_margins_keep_their_sign_and_four_digits():
    margins = np.float32([[[3e6, -250.0, 0.0, 1.2e5]], [[0.0, 0.0, 0.0, 0.0]]])
    whole, scales = whole_numbers.in_sixteenths(margins)
    assert whole.dtype == np.int16 and scales.shape == (2, 1, 1)
    again = whole_numbers.restored(whole, scales)
    assert (np.sign(again) == np.sign(margins)).all()
    np.testing.assert_allclose(again, margins, atol=3e6 / 2**16)


def test_a_row_is_read_as_in_the_whole():
    values = np.random.default_rng(1).standard_normal((4, 6, 32)).astype(np.float32)
    whole, scales = whole_numbers.in_eighths(values)

    class Held:
        tensors = {"word_vector/0/1": whole, "word_vector scale/0/1": scales}

        def get_tensor(self, key):
            return self.tensors[key]

        get_slice = get_tensor

    every = whole_numbers.tensor_at(Held(), "word_vector/0/1")
    np.testing.assert_array_equal(
        whole_numbers.tensor_at(Held(), "word_vector/0/1", 2), every[2]
    )


def test_a_file_without_its_scales_is_refused(home, tmp_path):
    folder = stored("whole", planted_study(("fairness",), ("en", "fr"), (3, 20, 64)))
    target = tmp_path / "kept"
    ship(folder, target)
    manifest = store.read_manifest(target)
    (file, *_) = [
        name for name, entry in manifest.files.items() if "half_a/0/0" in entry.keys
    ]
    tensors = load_file(target / file)
    assert tensors["half_a/0/0"].dtype == np.int8
    del tensors["half_a scale/0/0"]
    entry = store.write_tensors(target / file, tensors)
    without = manifest.with_file(file, entry)
    with pytest.raises(StudyError, match="no half_a scale/0/0 beside it"):
        check_arrays(target, without)
    assert not any("scale" in name for name in store.open_study(folder).available)
