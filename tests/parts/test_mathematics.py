"""Closed forms and independent references."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.decomposition import PCA
from torch.distributions import Normal, kl_divergence

from isthmus.core.bounds import elbo, log_likelihood
from isthmus.core.model import Model
from isthmus.core.objective import Reconstruction
from isthmus.core.records import Batch, Code, Output
from isthmus.parts.bottlenecks.plain import Plain
from isthmus.parts.bottlenecks.sparse import TopK
from isthmus.parts.bottlenecks.variational import Gaussian as GaussianBottleneck
from isthmus.parts.corruptions.masking import Masking, PatchMasking
from isthmus.parts.corruptions.noise import GaussianNoise
from isthmus.parts.layers import principal_axes, regress
from isthmus.parts.likelihoods.bernoulli import Bernoulli
from isthmus.parts.likelihoods.categorical import Categorical
from isthmus.parts.likelihoods.gaussian import Gaussian as GaussianLikelihood
from isthmus.parts.likelihoods.squared import Absolute, Squared
from isthmus.parts.nets.linear import Linear
from isthmus.parts.nets.mlp import MLP
from isthmus.parts.penalties.contraction import Contraction
from isthmus.parts.penalties.sparsity import KL
from isthmus.support.errors import InputError


def built(bottleneck, latent_dim):
    bottleneck.build(latent_dim)
    return bottleneck


def test_kl_is_the_closed_form():
    bottleneck = built(GaussianBottleneck(), 4)
    h = torch.randn(20, 8)
    q = bottleneck.posterior(h)
    expected = kl_divergence(q, Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(bottleneck(h).terms["kl"], expected)


def test_draws_have_the_posterior_moments():
    bottleneck = built(GaussianBottleneck(), 2).train()
    h = torch.tensor([[1.0, -2.0, math.log(0.25), math.log(4.0)]]).expand(40_000, -1)
    z = bottleneck(h).z
    torch.testing.assert_close(z.mean(0), torch.tensor([1.0, -2.0]), atol=0.05, rtol=0)
    torch.testing.assert_close(z.std(0), torch.tensor([0.5, 2.0]), atol=0.05, rtol=0)


def test_free_bits_cost_a_constant_and_pull_nothing_below():
    bottleneck = built(GaussianBottleneck(free_bits=0.5), 2).train()
    h = torch.zeros(10, 4, requires_grad=True)
    kl = bottleneck(h).terms["kl"]
    assert kl.tolist() == [1.0] * 10
    (kl.sum()).backward()
    assert h.grad.abs().sum() == 0
    assert bottleneck.eval()(h).terms["kl"].sum() == 0


def test_gaussian_error_is_the_log_density():
    likelihood = GaussianLikelihood()
    likelihood.build((3,))
    x, y = torch.randn(5, 3), torch.randn(5, 3)
    scale = torch.exp(likelihood.split(y)[1]).item()
    expected = -stats.norm.logpdf(x.numpy(), y.numpy(), scale)
    np.testing.assert_allclose(likelihood.error(y, x).detach().numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("variance", ["shared", "feature"])
def test_a_learnt_variance_starts_at_what_is_left(variance):
    likelihood = GaussianLikelihood(variance)
    likelihood.build((3,))
    x = torch.randn(4000, 3) * torch.tensor([0.5, 0.5, 0.5])
    with torch.no_grad():
        likelihood.initialize(torch.zeros_like(x), x)
    scale = torch.exp(likelihood.split(x)[1]).expand(3)
    torch.testing.assert_close(scale, torch.full((3,), 0.5), atol=0.03, rtol=0)


def test_bernoulli_error_is_the_log_mass():
    x, y = torch.randint(2, (5, 3)).float(), torch.randn(5, 3)
    expected = -stats.bernoulli.logpmf(x.numpy(), torch.sigmoid(y).numpy())
    np.testing.assert_allclose(Bernoulli().error(y, x).numpy(), expected, rtol=1e-5)


def test_categorical_error_is_the_log_mass():
    logits, label = torch.randn(6, 4), torch.randint(4, (6,))
    x = torch.nn.functional.one_hot(label, 4).float()
    expected = torch.nn.functional.cross_entropy(logits, label, reduction="none")
    torch.testing.assert_close(Categorical().error(logits, x).sum(1), expected)


def test_the_worked_example_of_the_field():
    x = torch.tensor([[0.9, 0.1, 0.7, 0.3, 0.5]])
    y = torch.tensor([[0.8, 0.2, 0.6, 0.4, 0.5]])
    assert Squared().error(y, x).mean().item() == pytest.approx(0.008)
    assert Absolute().error(y, x).mean().item() == pytest.approx(0.08)


def test_bounds_cut_the_error_but_not_its_gradient():
    likelihood = Squared(bounds=(0.0, 1.0))
    x = torch.tensor([0.0, 0.0, 1.0, 1.0, 0.3, 0.3])
    y = torch.tensor([-0.2, 0.2, 1.2, 0.8, -0.2, 1.2], requires_grad=True)
    error = likelihood.error(y, x)
    torch.testing.assert_close(error, torch.tensor([0, 0.04, 0, 0.04, 0.09, 0.49]))
    torch.testing.assert_close(error, (likelihood.mean(y) - x).square())
    error.sum().backward()
    torch.testing.assert_close(y.grad, 2 * (y.detach().clamp(0, 1) - x))


def test_topk_keeps_the_largest():
    bottleneck = built(TopK(k=2), 4)
    h = torch.tensor([[1.0, 3.0, -5.0, 2.0]])
    torch.testing.assert_close(bottleneck.eval()(h).z, torch.tensor([[0.0, 3, 0, 2]]), rtol=1e-4, atol=0)


def contraction_of(net, x, exact):
    model = Model(net, Plain(), Squared(), x.shape[1:], 3)
    model.initialize(Batch(x, x))
    return model, Contraction(exact=exact)


def test_hutchinson_agrees_with_the_exact_norm_and_with_autograd():
    torch.manual_seed(0)
    x = torch.randn(8, 6)
    model, exact = contraction_of(MLP((16,)), x, True)
    torch.nn.init.normal_(model.net.encoder.body[-1].weight)
    output = model(Batch(x, x))
    jacobian = torch.stack(
        [torch.autograd.functional.jacobian(lambda r: model.code(Batch(r, r)).z, row[None]).squeeze() for row in x]
    )
    spread = model.code(Batch(x, x)).z.var(0, unbiased=False)
    expected = (jacobian.square() / spread[:, None]).sum((1, 2)) if exact.standardise else jacobian.square().sum((1, 2))
    torch.testing.assert_close(exact(output, model), expected, rtol=1e-4, atol=1e-5)
    estimate = Contraction(exact=False)
    drawn = torch.stack([estimate(output, model).detach() for _ in range(3000)]).mean(0)
    torch.testing.assert_close(drawn[:2] / 4, expected[:2], rtol=0.15, atol=0)
    assert (drawn[2:] == 0).all()


def test_kl_sparsity_is_the_closed_form_and_zero_at_the_target():
    z = torch.full((10, 3), 0.05)
    output = Output(None, None, Code(z), None, {})
    assert KL(0.05)(output, None).abs().max() < 1e-6
    output = Output(None, None, Code(torch.full((10, 1), 0.2)), None, {})
    expected = 0.05 * math.log(0.05 / 0.2) + 0.95 * math.log(0.95 / 0.8)
    torch.testing.assert_close(KL(0.05)(output, None), torch.full((10,), expected))


def test_principal_axes_are_those_of_scikit_learn():
    x = torch.randn(300, 12) @ torch.randn(12, 12)
    pca = PCA(4).fit(x.numpy())
    mean, axes, variance = principal_axes(x, 4)
    np.testing.assert_allclose(np.abs((axes.numpy() * pca.components_).sum(1)), 1, atol=1e-4)
    np.testing.assert_allclose(variance.numpy(), pca.explained_variance_, rtol=1e-4)
    np.testing.assert_allclose(mean.numpy(), pca.mean_, atol=1e-5)


def test_wide_rows_take_the_randomised_way_to_the_same_axes():
    torch.manual_seed(0)
    x = torch.randn(60, 4) @ torch.randn(4, 5000) + 0.01 * torch.randn(60, 5000)
    _, axes, _ = principal_axes(x, 4)
    pca = PCA(4).fit(x.numpy())
    overlap = np.linalg.svd(axes.numpy() @ pca.components_.T)[1]
    np.testing.assert_allclose(overlap, 1, atol=1e-3)


def test_regress_is_least_squares():
    z, true = torch.randn(500, 3), torch.randn(5, 3)
    y = z @ true.T + 1.5
    layer = torch.nn.Linear(3, 5)
    with torch.no_grad():
        regress(layer, z, y, ridge=0.0)
    torch.testing.assert_close(layer.weight, true, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(layer.bias, torch.full((5,), 1.5), atol=1e-4, rtol=1e-4)


@pytest.fixture
def linear_gaussian():
    """Return a factor model whose posterior is exact, log p(x) of its rows, and the rows."""
    torch.manual_seed(0)
    model = Model(Linear(), GaussianBottleneck(), GaussianLikelihood(), (4,), 2)
    w = torch.randn(4, 2)
    posterior_covariance = torch.linalg.inv(torch.eye(2) + w.T @ w)
    eigen = torch.linalg.eigh(posterior_covariance)
    w = w @ eigen.eigenvectors  # rotate so that the posterior is diagonal
    variance = torch.diagonal(torch.linalg.inv(torch.eye(2) + w.T @ w))
    with torch.no_grad():
        model.likelihood.log_scale.fill_(0.0)
        sigma = torch.exp(model.likelihood.split(torch.zeros(1))[1])
        w = w * sigma
        model.net.decoder.linear.weight.copy_(w)
        model.net.decoder.linear.bias.zero_()
        model.net.encoder.linear.weight[:2] = torch.diag(variance) @ w.T / sigma**2
        model.net.encoder.linear.weight[2:] = 0
        model.net.encoder.linear.bias[:2] = 0
        model.net.encoder.linear.bias[2:] = torch.log(variance)
    x = torch.randn(6, 2) @ w.T + sigma * torch.randn(6, 4)
    covariance = (w @ w.T + sigma**2 * torch.eye(4)).detach().numpy()
    return model.eval(), stats.multivariate_normal(np.zeros(4), covariance).logpdf(x.detach().numpy()), x.detach()


def test_bounds_meet_log_p_where_the_posterior_is_exact(linear_gaussian):
    model, expected, x = linear_gaussian
    with torch.no_grad():
        batch = Batch(x, x)
        np.testing.assert_allclose(log_likelihood(model, batch, 5).numpy(), expected, rtol=1e-4)
        np.testing.assert_allclose(elbo(model, batch, 4000).numpy(), expected, atol=0.1)


def test_the_loss_is_the_weighted_sum_per_element():
    model = Model(MLP((4,)), GaussianBottleneck(), Bernoulli(), (5,), 2)
    objective = Reconstruction(model, weights={"kl": 3.0})
    terms = {"error": torch.tensor([10.0]), "kl": torch.tensor([2.0])}
    batch = Batch(torch.zeros(1, 5), torch.zeros(1, 5))
    assert objective.loss(batch, terms, 0.5).item() == pytest.approx((10 + 6) / 5)


def test_an_unknown_weight_is_an_error():
    model = Model(MLP((4,)), Plain(), Squared(), (5,), 2)
    x = torch.randn(4, 5)
    with pytest.raises(ValueError, match="sparsity.*Known: error"):
        next(Reconstruction(model, weights={"sparsity": 3.0}).steps(Batch(x, x), 0.0))


@pytest.mark.parametrize("level", [0.3, (0.2, 0.4)])
def test_levels_are_kept_on_average(level):
    x = torch.ones(4000, 1, 8, 8)
    masked = Masking(level)(Batch(x, x)).masked.float().mean()
    patches = PatchMasking(level, size=3)(Batch(x, x)).masked.float().mean()
    noise = GaussianNoise(level)(Batch(x, x)).corrupted.std()
    assert masked == pytest.approx(0.3, abs=0.02)
    assert patches == pytest.approx(0.3, abs=0.03)
    assert noise == pytest.approx(0.3, abs=0.02)


def test_masking_takes_whole_columns_of_tables_and_all_channels_of_pixels():
    feature = torch.tensor([0, 0, 1, 1, 1])
    masked = Masking(0.5)(Batch(torch.ones(100, 5), torch.ones(100, 5), feature=feature)).masked
    assert (masked[:, 0] == masked[:, 1]).all()
    assert (masked[:, 2] == masked[:, 4]).all()
    assert not (masked[:, 0] == masked[:, 2]).all()
    colour = torch.ones(20, 3, 4, 4)
    masked = Masking(0.5)(Batch(colour, colour)).masked
    assert (masked[:, 0] == masked[:, 2]).all()


@pytest.mark.parametrize("level", [-0.1, (0.5, 0.1), 1.5])
def test_a_level_out_of_range_is_refused(level):
    with pytest.raises(ValueError, match="level"):
        Masking(level)


def test_a_weighted_category_counts_that_much_and_is_no_likelihood():
    y, x = torch.randn(6, 4), torch.eye(4)[[0, 1, 2, 3, 0, 1]]
    plain, weighted = Categorical(), Categorical(weight=5.0)
    torch.testing.assert_close(weighted.error(y, x), 5 * plain.error(y, x))
    assert plain.normalised and not weighted.normalised
    with pytest.raises(InputError, match="weight=0 of the likelihood 'categorical'"):
        Categorical(weight=0)
