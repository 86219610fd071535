"""Names that people type for what has another name here, and for what there is not."""

from __future__ import annotations

SYNONYMS = {
    "variant": {
        **dict.fromkeys(
            ("ae", "autoencoder", "vanilla", "basic", "standard", "simple", "deep", "undercomplete"), "plain"
        ),
        **dict.fromkeys(("vae", "betavae", "variationalautoencoder", "bayesian"), "variational"),
        **dict.fromkeys(("dae", "dnae", "sdae", "denoise", "denoiser", "noise"), "denoising"),
        **dict.fromkeys(("sae", "l1", "sparsity"), "sparse"),
        **dict.fromkeys(("ksparse", "topksae", "kae"), "topk"),
        **dict.fromkeys(("cae", "contraction", "jacobian"), "contractive"),
        **dict.fromkeys(("pca", "svd", "lae"), "linear"),
        **dict.fromkeys(("mask", "masking", "maskedautoencoder"), "masked"),
    },
    "net": {
        **dict.fromkeys(("cnn", "convnet", "convolution", "convolutional", "conv2d", "dcgan"), "conv"),
        **dict.fromkeys(
            ("dense", "fc", "fnn", "ffn", "nn", "dnn", "feedforward", "fullyconnected", "perceptron"), "mlp"
        ),
        **dict.fromkeys(("fcn", "fullyconvolutional"), "feature-map"),
        **dict.fromkeys(("unet", "resunet", "drunet", "dncnn"), "unet"),
        **dict.fromkeys(("dct", "lot"), "lapped"),
        **dict.fromkeys(("stft", "tcn", "tasnet"), "spectral"),
        "pca": "linear",
    },
    "data": {
        **dict.fromkeys(("frame", "dataframe", "tabular", "csv", "rows"), "table"),
        **dict.fromkeys(("image", "pictures", "picture", "photos", "pixels"), "images"),
        **dict.fromkeys(("signal", "timeseries", "series", "sequence", "sequences", "waveform"), "signals"),
    },
    "device": dict.fromkeys(("gpu", "nvidia", "cuda0"), "cuda"),
    "precision": {
        **dict.fromkeys(("bf16", "half", "fp16", "float16", "16", "mixed", "amp"), "bfloat16"),
        **dict.fromkeys(("fp32", "single", "full", "32", "float"), "float32"),
    },
    "schedule": {"onecycle": "one-cycle", "cos": "cosine", "none": "constant", "cosineannealing": "cosine"},
    "scale": {
        **dict.fromkeys(("standard", "zscore", "standardscaler", "standardize", "minmax", "robust"), "column"),
        **dict.fromkeys(("off", "no", "raw"), "none"),
    },
    "likelihood": {
        **dict.fromkeys(("mse", "l2", "meansquarederror"), "squared"),
        **dict.fromkeys(("mae", "l1", "laplace"), "absolute"),
        **dict.fromkeys(("bce", "binarycrossentropy", "binary"), "bernoulli"),
        **dict.fromkeys(("crossentropy", "softmax"), "categorical"),
        "normal": "gaussian",
    },
    "corruption": {
        **dict.fromkeys(("noise", "normal", "additive"), "gaussian"),
        **dict.fromkeys(("mask", "dropout", "zero"), "masking"),
        **dict.fromkeys(("saltpepper", "impulse"), "salt-and-pepper"),
        **dict.fromkeys(("poisson", "photon", "shot"), "poisson-gaussian"),
        **dict.fromkeys(("jpg", "compression"), "jpeg"),
        **dict.fromkeys(("multiplicative", "gamma"), "speckle"),
        "mri": "rician",
    },
    "score": {
        **dict.fromkeys(("knn", "neighbors", "nearest", "lof"), "neighbours"),
        **dict.fromkeys(("mse", "reconstruction", "reconstructionerror", "loss"), "error"),
        **dict.fromkeys(("residuals", "zscore"), "residual"),
        **dict.fromkeys(("t2", "q", "hotelling", "spe", "mspc"), "monitoring"),
    },
    "prior": {**dict.fromkeys(("gmm", "gaussianmixture"), "mixture"), "normal": "gaussian", "n01": "standard-normal"},
    "parameter": {
        **dict.fromkeys(("lr", "stepsize", "learningrateinit"), "learning_rate"),
        **dict.fromkeys(("nepochs", "epoch", "maxiter", "maxepochs", "numepochs", "epochnum"), "epochs"),
        **dict.fromkeys(("batch", "bs"), "batch_size"),
        **dict.fromkeys(
            ("ncomponents", "codesize", "codedim", "encodingdim", "bottleneck", "zdim", "latent", "latentsize", "k"),
            "latent_dim",
        ),
        **dict.fromkeys(
            ("hidden", "layers", "hiddenlayersizes", "hiddenneurons", "hiddenneuronlist", "hiddenunits"), "net"
        ),
        **dict.fromkeys(("seed", "randomseed", "randomstate"), "random_state"),
        **dict.fromkeys(("validationsplit", "valsplit", "validationsize"), "validation_fraction"),
        **dict.fromkeys(("earlystopping", "niternochange"), "patience"),
        **dict.fromkeys(("model", "kind", "type"), "variant"),
        **dict.fromkeys(("ema", "averaging"), "average"),
        **dict.fromkeys(("l2", "decay", "alpha"), "weight_decay"),
    },
    "command": {
        **dict.fromkeys(("fit", "learn", "training"), "train"),
        **dict.fromkeys(("transform", "embed", "embedding"), "encode"),
        "inversetransform": "decode",
        **dict.fromkeys(("predict", "anomaly", "anomalies", "outliers", "score"), "detect"),
        **dict.fromkeys(("generate", "synthesize", "synthesise", "draw"), "sample"),
        **dict.fromkeys(("fill", "fillna", "missing", "imputer"), "impute"),
        **dict.fromkeys(("eval", "test", "metrics", "validate"), "evaluate"),
        **dict.fromkeys(("ui", "gui", "app", "dashboard", "view", "viewer"), "explore"),
        **dict.fromkeys(("server", "api", "http", "deploy"), "serve"),
        **dict.fromkeys(("show", "describe", "inspect", "summary"), "info"),
        **dict.fromkeys(("onnx", "convert"), "export"),
        **dict.fromkeys(("optimize", "optimise", "search", "hpo", "gridsearch", "optuna", "sweep"), "tune"),
        "walk": "interpolate",
    },
}
"""What each kind of name is called here, by how others call it: in lower case, letters and digits only."""

VECTOR_QUANTIZED = "isthmus has no vector-quantized autoencoder"
ADVERSARIAL = "isthmus has no adversarial training"
REGULARIZED = "isthmus has no autoencoder of that family; 'variational' is the nearest"
RECURRENT = "isthmus has no recurrent net and no transformer"

UNSUPPORTED = {
    "variant": {
        **dict.fromkeys(("vqvae", "vqvae2", "vq", "rvq", "fsq", "vqgan"), VECTOR_QUANTIZED),
        **dict.fromkeys(("aae", "gan", "vaegan", "bigan", "adversarial", "alad", "alphagan"), ADVERSARIAL),
        **dict.fromkeys(("wae", "waemmd", "infovae", "mmdvae", "factorvae", "betatcvae", "tcvae", "rae"), REGULARIZED),
        **dict.fromkeys(("hvae", "nvae", "ladder", "laddervae", "iwae", "vampprior", "dipvae"), REGULARIZED),
        **dict.fromkeys(
            ("mae", "vitmae"), "isthmus has no masked autoencoder of image patches; 'masked' is for tables"
        ),
        **dict.fromkeys(("diffusion", "ldm", "flow"), "isthmus has no diffusion model and no flow"),
        **dict.fromkeys(("lstm", "gru", "rnn", "transformer", "seq2seq"), RECURRENT),
        **dict.fromkeys(("cnn", "conv", "convolutional", "convae"), "that is a net, not a variant: net='conv'"),
        **dict.fromkeys(("cvae", "conditional"), "that is the variant 'variational' with a condition: condition='y'"),
        **dict.fromkeys(("svdd", "deepsvdd", "ocsvm", "iforest"), "isthmus has no detector but autoencoders"),
    },
    "net": {
        **dict.fromkeys(("lstm", "gru", "rnn", "transformer", "vit", "attention", "seq2seq"), RECURRENT),
        **dict.fromkeys(("resnet", "efficientnet"), "isthmus has no such net; 'conv' is the nearest for images"),
    },
    "device": {"tpu": "isthmus does not run on TPUs"},
}
"""What is said of a name for something that isthmus does not have, or that is no name of this kind."""


def plain(name: object) -> str:
    """Return a name as the tables have it.

    Examples
    --------
    >>> plain("beta-VAE"), plain("VQ_VAE 2")
    ('betavae', 'vqvae2')
    """
    return "".join(letter for letter in str(name).lower() if letter.isalnum())


def synonym(kind: str, name: object) -> str | None:
    """Return what a name of a kind is called here; None if nobody calls anything so.

    Examples
    --------
    >>> synonym("variant", "VAE"), synonym("device", "gpu"), synonym("variant", "spiral")
    ('variational', 'cuda', None)
    """
    return SYNONYMS.get(kind, {}).get(plain(name))


def unsupported(kind: str, name: object) -> str | None:
    """Return what is said of a name for something that there is not; None of other names.

    Examples
    --------
    >>> unsupported("variant", "VQ-VAE")
    'isthmus has no vector-quantized autoencoder'
    """
    return UNSUPPORTED.get(kind, {}).get(plain(name))
