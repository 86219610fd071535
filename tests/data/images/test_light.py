"""Even light: what does not change it, and images in parts."""

import numpy as np
import pytest
import torch

from isthmus import Images, InputError
from isthmus.data.images.light import REACH, STRIP, even, evened, evened_image


def picture(height=150, width=170, channels=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 0.3 + 0.1 * torch.rand(2, channels, height, width, generator=generator)


def test_evened_images_are_about_the_middle_with_one_contrast():
    x = even(picture())
    torch.testing.assert_close(x.mean((1, 2, 3)), torch.full((2,), 0.5), atol=0.005, rtol=0)
    torch.testing.assert_close(x.std((1, 2, 3)), torch.full((2,), 0.125), atol=0.01, rtol=0)


@pytest.mark.parametrize(("gain", "shift"), [(2.0, 0.0), (0.5, 0.2), (1.0, 0.5)])
def test_gain_and_brightness_do_not_matter(gain, shift):
    x = picture()
    torch.testing.assert_close(even(gain * x + shift), even(x), atol=0.01, rtol=0)


def test_strips_give_the_same_as_the_whole():
    x = picture(2 * STRIP + REACH, 60, channels=3)[:1]
    x[:, :, STRIP:] *= 2.5
    torch.testing.assert_close(evened(x), even(x), atol=1e-5, rtol=0)
    pixels = (255 * x).byte()
    torch.testing.assert_close(evened(pixels), even(pixels / 255), atol=1e-5, rtol=0)


def test_parts_of_an_image_are_of_the_image_that_was_evened_as_a_whole():
    data = Images(crop=32, light="even").learn([[(255 * picture(90, 110)[0, 0]).byte().numpy()]])
    columns = {"pixels": (255 * picture(90, 110)).byte()}
    whole = data.batch(columns).x
    part = data.batch(data.cut(data.with_whole(columns), [(13, 60), (21, 99)])).x
    torch.testing.assert_close(part, whole[:, :, 13:60, 21:99], atol=1e-5, rtol=0)


def test_what_is_the_same_everywhere_stays_so():
    x = even(torch.full((1, 3, 40, 40), 0.7))
    torch.testing.assert_close(x, torch.full_like(x, 0.5), atol=1e-4, rtol=0)


def test_crops_are_of_the_image_that_was_evened_as_a_whole():
    image = (255 * picture(90, 110)[0, 0]).byte().numpy()
    data = Images(crop=32, light="even").learn([[image]])
    crops = data.crops(image, np.zeros((1, 4)))
    tensors = {name: torch.from_numpy(np.array(values)) for name, values in crops.items()}
    x = data.batch(data.varied(tensors)).x
    whole = data.batch(data.read(image[None])).x
    torch.testing.assert_close(x[0], whole[0, :, :32, :32])
    np.testing.assert_allclose(evened_image(image[..., None])[..., 0], whole[0, 0].numpy(), atol=1e-6)


def test_an_unknown_light_is_refused():
    with pytest.raises(InputError, match="light='bright': choose 'as-is' or 'even'"):
        Images(light="bright")
