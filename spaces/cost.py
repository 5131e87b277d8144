"""What a network costs, in closed form: parameters and multiply-accumulates (MACs)."""

from dataclasses import dataclass
from typing import final

DECONV_UPSAMPLING = 4  # output pixels per input pixel of a transposed convolution of stride 2


@final
@dataclass(frozen=True, slots=True)
class Cost:
    """Parameters (BatchNorm's affine ones included) and MACs of one forward pass of one image.

    A transposed convolution is counted on its input pixels, which is the work it does. Part of the
    literature counts it on its output pixels: `macs_on_output_pixels` is that figure.
    """

    params: int = 0
    conv_macs: int = 0
    deconv_macs: int = 0

    @property
    def macs(self) -> int:
        return self.conv_macs + self.deconv_macs

    @property
    def gmacs(self) -> float:
        return self.macs / 1e9

    @property
    def macs_on_output_pixels(self) -> int:
        return self.conv_macs + DECONV_UPSAMPLING * self.deconv_macs

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.params + other.params,
            self.conv_macs + other.conv_macs,
            self.deconv_macs + other.deconv_macs,
        )

    def __mul__(self, times: int) -> "Cost":
        return Cost(self.params * times, self.conv_macs * times, self.deconv_macs * times)


def conv_cost(w_in: int, w_out: int, kernel: int, groups: int, pixels_out: int, bias: bool = False) -> Cost:
    """A convolution without padding tricks: every output pixel sees the whole kernel."""
    weights = w_out * (w_in // groups) * kernel * kernel
    return Cost(params=weights + (w_out if bias else 0), conv_macs=weights * pixels_out)


def deconv_cost(w_in: int, w_out: int, kernel: int, groups: int, pixels_in: int) -> Cost:
    """A transposed convolution, counted on its input pixels."""
    weights = w_out * (w_in // groups) * kernel * kernel
    return Cost(params=weights, deconv_macs=weights * pixels_in)


def norm_cost(width: int) -> Cost:
    """Scale and shift of a normalisation; folded away at run time, so it has no MACs."""
    return Cost(params=2 * width)


def conv_norm_cost(w_in: int, w_out: int, kernel: int, groups: int, pixels_out: int) -> Cost:
    """A convolution without bias and the BatchNorm behind it."""
    weights = w_out * (w_in // groups) * kernel * kernel
    return Cost(params=weights + 2 * w_out, conv_macs=weights * pixels_out)
