"""The table of variants: frozen dataclasses whose fields are knobs, and which choose the parts.

Nothing heavy is imported here; parts are built inside ``objective``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from isthmus.core.part import lookup, names, part, resolve
from isthmus.parts.schedules import Schedule
from isthmus.support.errors import InputError

if TYPE_CHECKING:
    from torch.nn import Module

    from isthmus.core.data import Data, Defaults
    from isthmus.core.interfaces import Bottleneck, Corruption, Likelihood, Net
    from isthmus.core.objective import Reconstruction
    from isthmus.core.terms import Penalty

LikelihoodName = Literal["squared", "absolute", "bernoulli", "gaussian", "categorical"]
CorruptionName = Literal[
    "gaussian",
    "masking",
    "salt-and-pepper",
    "patch-masking",
    "poisson-gaussian",
    "speckle",
    "rician",
    "jpeg",
    "blur",
    "scratches",
    "lettering",
    "stains",
    "folds",
    "bleed-through",
    "uneven-light",
    "pseudo-defects",
]
Weight = float | Schedule
if TYPE_CHECKING:
    NetChoice = str | Module | Sequence[int] | None
    LikelihoodChoice = LikelihoodName | Likelihood | None
    CorruptionChoice = CorruptionName | Corruption | None
else:  # the command line reads the names from the hints of the fields, and imports no part
    LikelihoodChoice, CorruptionChoice = LikelihoodName | object | None, CorruptionName | object
SEVERAL = 6
"""Members for rows with categories, whose score is the residual alone: the mean of several is more accurate."""
FITTED_PRIOR_BETA = 0.1
"""Weight of the KL term if a prior is fitted to the codes, which need not look like samples of N(0, I)."""


def knob(default: object, help: str, **more: Any) -> Any:
    """Return a dataclass field with its help text for the command line."""
    return field(default=default, metadata={"help": help}, **more)


@dataclass(frozen=True)
class Variant:
    """A named recipe for combining parts (abstract).

    A subclass overrides what differs: ``_bottleneck``, ``_corruption``, ``_penalties``, ``_weights``.
    """

    likelihood: LikelihoodChoice = knob(None, "how y is compared with x; default: by the data", kw_only=True)

    part_name: ClassVar[str]
    table_scale: ClassVar[str | None] = None
    """How a Table is scaled unless the user says otherwise; None: by the data."""
    frame_scale: ClassVar[str | None] = None
    """The same where the table is a DataFrame or a file of one; None: as `table_scale`."""
    overcomplete: ClassVar[bool] = True
    """Whether a code longer than the row is kept from copying it."""
    net: ClassVar[str | None] = None
    """The net that this variant has by default; None: that of the data."""
    affine: ClassVar[bool] = False
    """Whether it takes affine nets only."""
    denoises: ClassVar[bool] = False
    """Whether it is trained to clean its input."""
    images_only: ClassVar[bool] = False
    """Whether it takes images only."""
    remembers: ClassVar[bool] = True
    """Whether a model may reconstruct rows that it was trained on otherwise than others; else one serves all folds."""

    @property
    def masks(self) -> bool:
        """Whether training masks elements and tells the model which, so that it learns to fill missing cells."""
        corruption = self._corruption()
        return corruption is not None and corruption.masks

    @property
    def corrupts(self) -> bool:
        """Whether training corrupts rows before the encoder sees them."""
        return self._corruption() is not None

    @property
    def for_pairs(self) -> Variant:
        """The variant for rows that come with a noisy version of themselves: without a corruption of its own."""
        return self

    def with_corruption(self, corruption: Corruption) -> Variant:
        """Return the variant with another corruption of rows.

        Raises
        ------
        InputError
            It corrupts nothing, or in its own way.
        """
        raise InputError(f"the variant {variant_name(self)!r} takes no noise: choose 'denoising'")

    @property
    def has_posterior(self) -> bool:
        """Whether codes are sampled from a q(z|x)."""
        return self._bottleneck().has_posterior

    def objective(self, data: Data, latent_dim: int, net: NetChoice = None, condition_dim: int = 0) -> Reconstruction:
        """Return the objective, built for the rows of fitted data.

        Parameters
        ----------
        data : Data
            Fitted.
        latent_dim : int
            Numbers in a code.
        net : Net, str, sequence of int or None
            Widths: an mlp with these hidden layers. None: that of the variant, else the default of the data.
        condition_dim : int, default 0
            Width of the condition.
        """
        from isthmus.core.model import Model
        from isthmus.core.objective import Reconstruction

        defaults = data.defaults()
        model = Model(
            self._net(net, defaults),
            self._bottleneck(),
            self._likelihood(defaults.likelihood),
            data.shape,
            latent_dim,
            condition_dim,
            typical_shape=data.typical_shape,
        )
        return Reconstruction(model, self._corruption(), self._penalties(), self._weights())

    def code_width(self, data: Data, net: NetChoice = None) -> int | None:
        """Return the numbers in a code per position where the net alone decides on them; None: any number."""
        chosen = self._net(net, data.defaults())
        decide = getattr(chosen, "code_width", None)  # a user's own net need not be a Net
        width: int | None = None if decide is None else decide(data.shape)
        return width

    def _net(self, net: NetChoice, defaults: Defaults) -> Any:
        wanted = self.net if net is None else net
        chosen = self._default_net(defaults) if wanted is None else resolve("net", wanted)
        if self.affine and not getattr(chosen, "affine", False):  # a user's own net need not be a Net
            raise InputError(
                f"the variant {variant_name(self)!r} takes affine nets only, such as 'linear', not {net!r}"
            )
        return chosen

    def _default_net(self, defaults: Defaults) -> Net:
        return defaults.net

    def _likelihood(self, default: Likelihood) -> Likelihood:
        """Return the likelihood: the chosen one for the numbers of a row, that of the data for other cells."""
        return default if self.likelihood is None else default.with_numbers(resolve("likelihood", self.likelihood))

    def _bottleneck(self) -> Bottleneck:
        return lookup("bottleneck/plain")()

    def _corruption(self) -> Corruption | None:
        return None

    def _penalties(self) -> dict[str, Penalty]:
        return {}

    def _weights(self) -> dict[str, Weight]:
        return {}


def variant_name(variant: Variant) -> str:
    """Return the short name of a variant."""
    return type(variant).part_name.partition("/")[2]


def variants() -> dict[str, type[Variant]]:
    """Return all variants by name, without those of installed packages that were not used yet."""
    return {name: lookup(f"variant/{name}") for name in names("variant")}


def variant(name: str) -> type[Variant]:
    """Return a variant by its short name, those of installed packages included.

    Raises
    ------
    InputError
        There is no such variant; the message names the nearest one.
    """
    cls: type[Variant] = lookup(f"variant/{name}")
    return cls


def schedules() -> dict[str, type[Schedule]]:
    """Return all schedules of weights by name.

    Examples
    --------
    >>> schedules()["warmup"](2.0, 0.5)(0.25)
    1.0
    """
    return {name: lookup(f"schedule/{name}") for name in names("schedule")}


def schedule(name: str) -> type[Schedule]:
    """Return a schedule of weights by its short name.

    Raises
    ------
    InputError
        There is no such schedule; the message names the nearest one.
    """
    cls: type[Schedule] = lookup(f"schedule/{name}")
    return cls


def positive(variant: Variant, *knobs: str) -> None:
    """Raise an error for negative knobs."""
    for name in knobs:
        value = getattr(variant, name)
        if isinstance(value, (int, float)) and value < 0:
            raise InputError(f"{name}={value} of the variant {variant_name(variant)!r} is negative")


@part("variant/plain")
@dataclass(frozen=True)
class Plain(Variant):
    """Nothing but the bottleneck forces the code to be short (Rumelhart 1986; Hinton & Salakhutdinov 2006)."""

    overcomplete = False


@part("variant/linear")
@dataclass(frozen=True)
class Linear(Variant):
    """One linear layer each way: its codes span the space of PCA (Baldi & Hornik 1989)."""

    overcomplete = False
    table_scale = "centre"
    net = "linear"
    affine = True

    def _likelihood(self, default: Likelihood) -> Likelihood:
        """Return a likelihood without bounds: PCA minimises the squared error without them."""
        return super()._likelihood(default).unbounded()


@part("variant/denoising")
@dataclass(frozen=True)
class Denoising(Variant):
    """Reconstructs the clean row from a corrupted one (Vincent 2008, 2010).

    ``members=None`` lets the data choose: several nets for a table with categories, else one. ``corruption=None``
    leaves rows as they are, where each comes with a noisy version of itself; see `Denoiser`.
    """

    corruption: CorruptionChoice = knob("gaussian", "what is done to x")
    level: float | tuple[float, float] = knob(
        None, "strength: noise in units of x, or the fraction that is masked; a pair low,high draws one for each row"
    )
    members: int | None = knob(1, "nets trained at once, whose reconstructions are averaged", kw_only=True)
    balance: float = knob(
        0.0, "errors are divided by the strength of the corruption to this power: 1.5 if strengths vary", kw_only=True
    )

    denoises = True

    def __post_init__(self) -> None:
        if self.level is not None and not isinstance(self.corruption, str):
            raise InputError(f"level={self.level} goes with the name of a corruption; {self.corruption!r} has its own")
        if self.members is not None and (type(self.members) is not int or self.members < 1):
            raise InputError(f"members={self.members!r} of the variant 'denoising': expected a whole number from 1")
        positive(self, "balance")
        if self.balance and self.corruption is None:
            raise InputError(f"balance={self.balance} measures a corruption, but corruption=None: leave balance out")

    def objective(self, data: Data, latent_dim: int, net: NetChoice = None, condition_dim: int = 0) -> Reconstruction:
        """Return the objective; each member has a code of `latent_dim` numbers, and its own noise."""
        members = self.members or (SEVERAL if data.categorical else 1)
        if members == 1:
            return super().objective(data, latent_dim, net, condition_dim)
        ensemble = lookup("net/ensemble")(self._net(net, data.defaults()), members)
        return super().objective(data, latent_dim * members, ensemble, condition_dim)

    @property
    def for_pairs(self) -> Variant:
        """The variant without a corruption."""
        nothing: dict[str, Any] = dict.fromkeys(("corruption", "level"))
        return replace(self, **nothing, balance=0.0)

    def with_corruption(self, corruption: Corruption) -> Variant:
        """Return the variant with another corruption."""
        changes: dict[str, Any] = {"corruption": corruption, "level": None}
        return replace(self, **changes)

    def _corruption(self) -> Corruption | None:
        if self.corruption is None:
            return None
        knobs = {} if self.level is None else {"level": self.level}
        corruption = resolve("corruption", self.corruption, **knobs)
        return lookup("corruption/measured")(corruption, self.balance) if self.balance else corruption


@part("variant/repairing")
@dataclass(frozen=True)
class Repairing(Variant):
    """Removes defects that were put on images: what it changes is abnormal (Zavrtanik 2021; Schlüter 2022)."""

    corruption: CorruptionChoice = knob("pseudo-defects", "what is done to x")
    emphasis: float = knob(10.0, "how much more an element counts that the corruption changed")

    denoises = images_only = True
    remembers = False  # a crop is seen a few times, each time with other defects

    def __post_init__(self) -> None:
        positive(self, "emphasis")

    def _default_net(self, defaults: Defaults) -> Net:
        """Return the net of the data that repairs, if there is one."""
        return defaults.repairing_net or defaults.net

    def _corruption(self) -> Corruption | None:
        corruption: Corruption = resolve("corruption", self.corruption)
        return corruption

    def _penalties(self) -> dict[str, Penalty]:
        return {"repair": lookup("penalty/repair")()}

    def _weights(self) -> dict[str, Weight]:
        return {"repair": self.emphasis}


@part("variant/sparse")
@dataclass(frozen=True)
class Sparse(Variant):
    """Few units of the code are active at once: an L1 cost, or a KL cost towards a mean activation (Ng 2011)."""

    penalty: Literal["l1", "kl"] = knob("l1", "l1: the sum of |z|; kl: units in (0, 1) with a target mean activation")
    weight: Weight = knob(None, "weight of the penalty; default: 0.1 for l1, 1 for kl")
    target: float = knob(0.05, "kl only: mean activation of a unit")

    def __post_init__(self) -> None:
        if self.penalty not in ("l1", "kl"):
            raise InputError(f"penalty={self.penalty!r} of the variant 'sparse'; choose 'l1' or 'kl'")
        if not 0 < self.target < 1:
            raise InputError(f"target={self.target} of the variant 'sparse' is outside (0, 1)")
        positive(self, "weight")

    def _bottleneck(self) -> Bottleneck:
        return lookup("bottleneck/plain")(activation="relu" if self.penalty == "l1" else "sigmoid")

    def _penalties(self) -> dict[str, Penalty]:
        made = lookup("penalty/l1")() if self.penalty == "l1" else lookup("penalty/kl")(target=self.target)
        return {"sparsity": made}

    def _weights(self) -> dict[str, Weight]:
        default = {"l1": 0.1, "kl": 1.0}[self.penalty]
        return {"sparsity": default if self.weight is None else self.weight}


@part("variant/topk")
@dataclass(frozen=True)
class TopK(Variant):
    """Keeps only the k largest units of each code (Makhzani & Frey 2014; Gao 2024)."""

    k: int = knob(None, "units kept; default: an eighth of latent_dim")

    def _bottleneck(self) -> Bottleneck:
        return lookup("bottleneck/topk")(k=self.k)


@part("variant/contractive")
@dataclass(frozen=True)
class Contractive(Variant):
    """Codes change little when the input does: a cost on the encoder's Jacobian (Rifai 2011)."""

    weight: Weight = knob(0.002, "weight of the squared Frobenius norm of the Jacobian")
    exact: bool = knob(None, "the exact norm instead of Hutchinson's estimate; default: exact up to 4 units")

    def __post_init__(self) -> None:
        positive(self, "weight")

    def _penalties(self) -> dict[str, Penalty]:
        return {"contraction": lookup("penalty/contraction")(exact=self.exact)}

    def _weights(self) -> dict[str, Weight]:
        return {"contraction": self.weight}


@part("variant/variational")
@dataclass(frozen=True)
class Variational(Variant):
    """q(z|x) is a Gaussian; the ELBO's KL term pulls it to N(0, I) (Kingma & Welling 2014; beta: Higgins 2017)."""

    beta: Weight = knob(
        None,
        "weight of the KL term, or a schedule of it; default: 1, or 0.1 for a DataFrame without condition",
    )
    free_bits: float = knob(0.0, "nats for each dimension that cost nothing (Kingma 2016)")
    binarize: bool = knob(False, "draw binary pixels anew at each look; for the bernoulli likelihood")

    frame_scale = "bins"

    def __post_init__(self) -> None:
        positive(self, "beta", "free_bits")

    def objective(self, data: Data, latent_dim: int, net: NetChoice = None, condition_dim: int = 0) -> Reconstruction:
        """Return the objective; if a prior is fitted to the codes afterwards, they are pulled less to N(0, I).

        With a condition they are not, since codes must be independent of it.
        """
        fitted = data.defaults().prior is not None and not condition_dim
        beta = (FITTED_PRIOR_BETA if fitted else 1.0) if self.beta is None else self.beta
        return super(Variational, replace(self, beta=beta)).objective(data, latent_dim, net, condition_dim)

    def _bottleneck(self) -> Bottleneck:
        return lookup("bottleneck/gaussian")(free_bits=self.free_bits)

    def _likelihood(self, default: Likelihood) -> Likelihood:
        """Return a normalised likelihood, so that the ELBO is in nats: Gaussian instead of squared."""
        likelihood = super()._likelihood(default)
        if likelihood.normalised:
            return likelihood
        if self.likelihood is not None:
            raise InputError(
                f"likelihood={self.likelihood!r} is in no nats, so there is no ELBO: gaussian and bernoulli are"
            )
        return likelihood.with_numbers(lookup("likelihood/gaussian")())

    def _corruption(self) -> Corruption | None:
        return lookup("corruption/binarize")() if self.binarize else None

    def _weights(self) -> dict[str, Weight]:
        return {"kl": self.beta}


@part("variant/masked")
@dataclass(frozen=True)
class Masked(Variant):
    """Reconstructs rows of which a random fraction of the elements is masked; tables with an ensemble of small nets.

    One model then predicts any column from any of the others (Vincent 2008; Gondara & Wang 2018).
    """

    level: float | tuple[float, float] = knob((0.05, 0.8), "fraction masked; a pair low,high draws one for each row")
    category_weight: float = knob(5.0, "how much a nat of a category counts beside the squared error of a number")

    table_scale = "column"

    def _default_net(self, defaults: Defaults) -> Net:
        """Return the net of the data that sees which elements are masked, if there is one."""
        return defaults.masked_net or defaults.net

    def _corruption(self) -> Corruption:
        return lookup("corruption/masking")(level=self.level)

    def _likelihood(self, default: Likelihood) -> Likelihood:
        """Return the likelihood of the data, in which a category counts as much as several numbers."""
        weighted = lookup("likelihood/categorical")(weight=self.category_weight)
        return super()._likelihood(default).with_categories(weighted)


@part("variant/compressive")
@dataclass(frozen=True)
class Compressive(Variant):
    """Codes are rounded, and cost the bits that it takes to write them down (Theis 2017; Ballé 2017).

    One model serves all rates: how coarsely a code is rounded is drawn for each row.
    """

    step: tuple[float, float] = knob((0.02, 0.45), "how coarsely codes are rounded, in units of x; low,high")
    trade: float = knob(0.13, "what a bit is worth, in squared steps of squared error")
    entropy: Literal["factorized", "hyperprior", "slots"] | None = knob(
        None, "how the distributions of the numbers in a code are predicted; default: by the net"
    )
    width: int = knob(96, "maps of the predictor of distributions")
    block: int | None = knob(None, "side of the blocks of the lapped transform, 8 or 4, which suits text; default: 8")

    def objective(self, data: Data, latent_dim: int, net: NetChoice = None, condition_dim: int = 0) -> Reconstruction:
        """Return the objective, with the predictor that suits the net unless the user chose one.

        Raises
        ------
        InputError
            The net has blocks of another size, or none.
        """
        chosen = self._net(net, data.defaults())
        block = getattr(chosen, "block", None)  # a user's own net need not be a Net
        if self.block not in (None, block):
            raise InputError(f"block={self.block} of the variant 'compressive': that of the net {net!r} is {block}")
        suited = self.entropy or getattr(chosen, "predictor", None)
        made = replace(self, entropy=suited, block=block)
        return super(Compressive, made).objective(data, latent_dim, chosen, condition_dim)

    def _default_net(self, defaults: Defaults) -> Net:
        """Return the lapped transform where slots or a size of its blocks are asked for, else the net of the data."""
        if self.block:
            return lookup("net/lapped-transform")(block=self.block)
        if self.entropy == "slots":
            return lookup("net/lapped-transform")()
        return defaults.compressive_net or defaults.net

    def _bottleneck(self) -> Bottleneck:
        chosen = {"predictor": self.entropy, "block": self.block}
        chosen = {name: value for name, value in chosen.items() if value is not None}
        return lookup("bottleneck/entropy")(**chosen, width=self.width, trade=self.trade)

    def _corruption(self) -> Corruption:
        return lookup("corruption/coarseness")(self.step, self.trade)

    def _weights(self) -> dict[str, Weight]:
        return {"bits": 0.0}


def options(cls: type[Variant]) -> dict[str, Field[Any]]:
    """Return the fields of a variant by name."""
    return {f.name: f for f in fields(cls)}
