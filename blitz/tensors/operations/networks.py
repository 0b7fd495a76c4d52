"""What layers and losses compute, as the functions of torch.nn.functional."""

from functools import partial

from blitz.tensors.operations import bounds
from blitz.tensors.operations.examples import GRID, IMAGE, LOGITS, PAIR, SIGNED, VECTOR
from blitz.tensors.operations.operation import Family, Picture, operation

function = partial(operation, forms="F")
activation = partial(operation, forms="F", picture=Picture.ELEMENTWISE, bound=bounds.broadcast(2))
along = partial(operation, forms="F", bound=bounds.copies(2))
LABELS = "labels = torch.tensor([0, 2])\n"
SHARES = "y = torch.tensor([0.2, 0.3, 0.5])\n"

NETWORKS = Family(
    name="networks",
    title="Neural networks",
    operations=(
        activation("relu(input, inplace=False)", "Zero where negative.", SIGNED + "F.relu(x)"),
        activation(
            "relu(input)",
            "Zero where negative.",
            SIGNED + "x.relu()",
            forms="torch method in-place",
        ),
        activation(
            "leaky_relu(input, negative_slope=0.01, inplace=False)",
            "A small slope where negative.",
            SIGNED + "F.leaky_relu(x, 0.1)",
        ),
        activation("relu6(input, inplace=False)", "Between 0 and 6.", SIGNED + "F.relu6(x)"),
        activation(
            "elu(input, alpha=1.0, inplace=False)",
            "An exponential where negative, bent towards −alpha.",
            SIGNED + "F.elu(x)",
        ),
        activation(
            "selu(input, inplace=False)",
            "elu with the two numbers that keep mean and variance.",
            SIGNED + "F.selu(x)",
        ),
        activation(
            "gelu(input, *, approximate='none')",
            "Each element times the normal distribution up to it.",
            SIGNED + "F.gelu(x)",
        ),
        activation("silu(input, inplace=False)", "x times its sigmoid.", SIGNED + "F.silu(x)"),
        activation(
            "mish(input, inplace=False)", "x times tanh of its softplus.", SIGNED + "F.mish(x)"
        ),
        activation(
            "softplus(input, beta=1.0, threshold=20.0, /)",
            "log(1 + exp x): a smooth relu.",
            SIGNED + "F.softplus(x)",
        ),
        activation(
            "hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False)",
            "x between two limits.",
            SIGNED + "F.hardtanh(x)",
        ),
        activation("sigmoid(input)", "1 / (1 + exp(−x)).", SIGNED + "F.sigmoid(x)"),
        activation("tanh(input)", "The hyperbolic tangent.", SIGNED + "F.tanh(x)"),
        activation("logsigmoid(input, /)", "log of the sigmoid.", SIGNED + "F.logsigmoid(x)"),
        activation(
            "threshold(input, threshold, value, inplace=False)",
            "Another value wherever a threshold is not passed.",
            SIGNED + "F.threshold(x, 0., -1.)",
            bound=bounds.broadcast(3),
        ),
        activation(
            "dropout(input, p=0.5, training=True, inplace=False)",
            "Zeros at random, the rest larger by 1 / (1 − p).",
            "F.dropout(torch.ones(6))",
            bound=bounds.copies(4),
        ),
        along(
            "softmax(input, dim=None, *, dtype=None)",
            "Logits to probabilities that add up to 1.",
            LOGITS + "F.softmax(logits, dim=1)",
        ),
        along(
            "log_softmax(input, dim=None, *, dtype=None)",
            "The logarithms of softmax.",
            LOGITS + "F.log_softmax(logits, dim=1)",
        ),
        along(
            "normalize(input, p=2.0, dim=1, eps=1e-12)",
            "Divides slices by their norm.",
            GRID + "F.normalize(x)",
            bound=bounds.copies(5),
        ),
        function(
            "cross_entropy(input, target, weight=None, *, ignore_index=-100, reduction='mean', "
            "label_smoothing=0.0)",
            "How surprised the logits are by the right classes.",
            LOGITS + LABELS + "F.cross_entropy(logits, labels)",
        ),
        function(
            "nll_loss(input, target, weight=None, *, ignore_index=-100, reduction='mean')",
            "Minus the logarithm of the right classes' probabilities.",
            LOGITS + LABELS + "F.nll_loss(logits.log_softmax(1), labels)",
        ),
        function(
            "mse_loss(input, target, *, reduction='mean')",
            "The mean of the squared differences.",
            PAIR + "F.mse_loss(x, y)",
        ),
        function(
            "l1_loss(input, target, *, reduction='mean')",
            "The mean of the absolute differences.",
            PAIR + "F.l1_loss(x, y)",
        ),
        function(
            "smooth_l1_loss(input, target, *, reduction='mean', beta=1.0)",
            "Squares of small differences, absolute values of large ones.",
            PAIR + "F.smooth_l1_loss(x, y)",
        ),
        function(
            "huber_loss(input, target, reduction='mean', delta=1.0)",
            "smooth_l1_loss times delta.",
            PAIR + "F.huber_loss(x, y)",
        ),
        function(
            "binary_cross_entropy(input, target, weight=None, *, reduction='mean')",
            "The loss of probabilities of yes and no.",
            SHARES + "F.binary_cross_entropy(y, torch.tensor([0., 0., 1.]))",
        ),
        function(
            "binary_cross_entropy_with_logits(input, target, weight=None, *, reduction='mean', "
            "pos_weight=None)",
            "A sigmoid and binary cross-entropy in one, without overflow.",
            VECTOR + "F.binary_cross_entropy_with_logits(x, torch.ones(3))",
        ),
        function(
            "kl_div(input, target, *, reduction='mean', log_target=False)",
            "How far one distribution, given as logarithms, is from another.",
            VECTOR + SHARES + "F.kl_div(x.log_softmax(0), y, reduction='sum')",
        ),
        function(
            "cosine_similarity(x1, x2, dim=1, eps=1e-08)",
            "The cosine of the angle between vectors.",
            PAIR + "F.cosine_similarity(x, y, dim=0)",
        ),
        function(
            "pairwise_distance(x1, x2, p=2.0, eps=1e-06, keepdim=False)",
            "The lengths of the differences of rows.",
            PAIR + "F.pairwise_distance(x, y)",
        ),
        function(
            "linear(input, weight, bias=None, /)",
            "The input times the weight's transpose, plus the bias.",
            GRID + "F.linear(x, torch.ones(2, 3), torch.ones(2))",
        ),
        function(
            "bilinear(input1, input2, weight, bias=None, /)",
            "A number of each pair of two inputs' elements.",
            PAIR + "F.bilinear(x, y, torch.ones(2, 3, 3))",
        ),
        function(
            "embedding(input, weight, padding_idx=None)",
            "The rows of a table that numbers name.",
            GRID + "F.embedding(torch.tensor([1, 0, 1]), x)",
        ),
        function(
            "one_hot(tensor, num_classes=-1)",
            "A row with a single 1 for each number.",
            "F.one_hot(torch.tensor([0, 2, 1]))",
            bound=bounds.one_hot,
        ),
        function(
            "conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1)",
            "Slides kernels along a line.",
            "x = torch.arange(5.).reshape(1, 1, 5)\nF.conv1d(x, torch.ones(1, 1, 3))",
        ),
        function(
            "conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1)",
            "Slides kernels over an image.",
            IMAGE + "F.conv2d(image, torch.ones(1, 1, 3, 3))",
        ),
        function(
            "conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, "
            "groups=1, dilation=1)",
            "The way back through conv2d: each element paints a kernel.",
            "F.conv_transpose2d(torch.ones(1, 1, 2, 2), torch.ones(1, 1, 2, 2), stride=2)",
        ),
        function(
            "max_pool1d(input, kernel_size, stride=None, padding=0)",
            "The largest element of each window of a line.",
            "F.max_pool1d(torch.arange(6.).reshape(1, 1, 6), 2)",
        ),
        function(
            "max_pool2d(input, kernel_size, stride=None, padding=0)",
            "The largest element of each window of an image.",
            IMAGE + "F.max_pool2d(image, 2)",
        ),
        function(
            "avg_pool2d(input, kernel_size, stride=None, padding=0)",
            "The average of each window of an image.",
            IMAGE + "F.avg_pool2d(image, 2)",
        ),
        function(
            "adaptive_avg_pool2d(input, output_size)",
            "Averages so that an image of a size comes out.",
            IMAGE + "F.adaptive_avg_pool2d(image, 1)",
        ),
        function(
            "layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-05)",
            "Mean 0 and variance 1 over the last dimensions.",
            GRID + "F.layer_norm(x, (3,))",
        ),
        function(
            "batch_norm(input, running_mean, running_var, weight=None, bias=None, "
            "training=False, momentum=0.1, eps=1e-05)",
            "Mean 0 and variance 1 over the batch, for each channel.",
            GRID + "F.batch_norm(x, None, None, training=True)",
        ),
        function(
            "group_norm(input, num_groups, weight=None, bias=None, eps=1e-05)",
            "Mean 0 and variance 1 over groups of channels.",
            "F.group_norm(torch.arange(8.).reshape(1, 4, 2), 2)",
        ),
        function(
            "pad(input, pad, mode='constant', value=None)",
            "Adds elements around: constants, reflections or copies of the edge.",
            GRID + "F.pad(x, (1, 1))",
            picture=Picture.MOVEMENT,
        ),
        function(
            "unfold(input, kernel_size, dilation=1, padding=0, stride=1)",
            "The windows of an image as columns: what conv2d multiplies.",
            IMAGE + "F.unfold(image, 2).shape",
        ),
        function(
            "pixel_shuffle(input, upscale_factor, /)",
            "Spreads channels over a finer image.",
            "F.pixel_shuffle(torch.arange(4.).reshape(1, 4, 1, 1), 2)",
        ),
    ),
)
