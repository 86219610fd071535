"""Priors against what they were fitted on."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal, Normal

from isthmus.core.part import build
from isthmus.parts.priors.gaussian import Gaussian
from isthmus.parts.priors.mixture import Mixture
from isthmus.parts.priors.standard_normal import StandardNormal


def clusters(n):
    """Return codes of three clusters, one of them correlated."""
    mean = torch.tensor([[-6.0, 0.0], [6.0, 0.0], [0.0, 9.0]])
    factor = torch.tensor([[1.0, 0.0], [0.9, 0.4]])
    which = torch.multinomial(torch.tensor([0.5, 0.3, 0.2]), n, replacement=True)
    return which, mean[which] + torch.randn(n, 2) @ factor.T


def test_a_mixture_draws_what_it_was_fitted_on():
    torch.manual_seed(0)
    _, z = clusters(6000)
    prior = Mixture(components=3).fit(z)
    drawn = prior.sample(20_000)
    torch.testing.assert_close(drawn.mean(0), z.mean(0), atol=0.2, rtol=0)
    torch.testing.assert_close(torch.cov(drawn.T), torch.cov(z.T), atol=0.7, rtol=0)
    near = torch.cdist(drawn, prior.mean).amin(1)
    assert (near > 4).float().mean() < 0.01, "nothing lies between the clusters"
    torch.testing.assert_close(prior.weight.sort().values, torch.tensor([0.2, 0.3, 0.5]), atol=0.03, rtol=0)


def test_temperature_shrinks_each_gaussian_around_its_mean():
    torch.manual_seed(0)
    prior = Mixture(components=3).fit(clusters(3000)[1])
    assert torch.cdist(prior.sample(500, temperature=0.0), prior.mean).amin(1).max() < 1e-4


def test_few_codes_make_fewer_gaussians():
    torch.manual_seed(0)
    prior = Mixture(components=8, rows_each=100).fit(clusters(350)[1])
    assert (prior.weight > 0).tolist() == [True] * 3 + [False] * 5
    assert torch.isfinite(Mixture().fit(torch.ones(1, 2)).sample(5)).all()


def test_the_log_density_of_the_standard_normal():
    z = torch.randn(9, 4, 6, 3)
    expected = Normal(0.0, 1.0).log_prob(z).sum((1, 2, 3))
    torch.testing.assert_close(StandardNormal(3).log_prob(z), expected)


def test_the_log_density_of_a_gaussian():
    torch.manual_seed(0)
    codes = torch.randn(300, 5, 3) @ torch.randn(3, 3) + torch.tensor([1.0, -2.0, 3.0])
    prior = Gaussian().fit(codes)
    flat = codes.reshape(-1, 3).double().numpy()
    exact = multivariate_normal(flat.mean(0), np.cov(flat.T)).logpdf(flat).reshape(300, 5).sum(1)
    np.testing.assert_allclose(prior.log_prob(codes), exact, rtol=1e-4)


def test_a_direction_in_which_codes_do_not_vary_has_a_finite_density():
    prior = Gaussian().fit(torch.randn(100, 1) * torch.tensor([1.0, 1.0, 0.0]))
    on, off = prior.log_prob(torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.1]]))
    assert torch.isfinite(torch.stack([on, off])).all()
    assert off < on - 1000
    assert torch.isfinite(Gaussian().fit(torch.ones(1, 3)).log_prob(torch.ones(2, 3))).all()


def test_the_log_density_of_a_mixture():
    torch.manual_seed(0)
    _, z = clusters(2000)
    prior = Mixture(components=5).fit(z)
    known = prior.weight > 0
    gaussians = MultivariateNormal(prior.mean[known], scale_tril=prior.factor[known])
    exact = MixtureSameFamily(Categorical(prior.weight[known]), gaussians).log_prob(z)
    torch.testing.assert_close(prior.log_prob(z), exact)


@pytest.mark.parametrize("name", ["standard-normal", "gaussian", "mixture"])
def test_priors_of_former_files_load(name):
    prior = build({"part": f"prior/{name}", "arguments": {"latent_dim": 3}})
    assert {tuple(t.shape)[-1] for k, t in prior.state_dict().items() if k != "weight"} <= {3}
