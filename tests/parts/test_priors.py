"""Priors against what they were fitted on."""

import torch

from isthmus.parts.priors.mixture import Mixture


def clusters(n):
    """Return codes of three clusters, one of them correlated."""
    mean = torch.tensor([[-6.0, 0.0], [6.0, 0.0], [0.0, 9.0]])
    factor = torch.tensor([[1.0, 0.0], [0.9, 0.4]])
    which = torch.multinomial(torch.tensor([0.5, 0.3, 0.2]), n, replacement=True)
    return which, mean[which] + torch.randn(n, 2) @ factor.T


def test_a_mixture_draws_what_it_was_fitted_on():
    torch.manual_seed(0)
    _, z = clusters(6000)
    prior = Mixture(2, components=3).fit(z)
    drawn = prior.sample(20_000)
    torch.testing.assert_close(drawn.mean(0), z.mean(0), atol=0.2, rtol=0)
    torch.testing.assert_close(torch.cov(drawn.T), torch.cov(z.T), atol=0.7, rtol=0)
    near = torch.cdist(drawn, prior.mean).amin(1)
    assert (near > 4).float().mean() < 0.01, "nothing lies between the clusters"
    torch.testing.assert_close(prior.weight.sort().values, torch.tensor([0.2, 0.3, 0.5]), atol=0.03, rtol=0)


def test_temperature_shrinks_each_gaussian_around_its_mean():
    torch.manual_seed(0)
    prior = Mixture(2, components=3).fit(clusters(3000)[1])
    assert torch.cdist(prior.sample(500, temperature=0.0), prior.mean).amin(1).max() < 1e-4


def test_few_codes_make_fewer_gaussians():
    torch.manual_seed(0)
    prior = Mixture(2, components=8, rows_each=100).fit(clusters(350)[1])
    assert (prior.weight > 0).tolist() == [True] * 3 + [False] * 5
    assert torch.isfinite(Mixture(2).fit(torch.ones(1, 2)).sample(5)).all()
