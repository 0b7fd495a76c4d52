"""Layers and losses of neural networks."""

from blitz.autograd.operations.formulas import Row

CONVOLUTION = (
    "grad x = g convolved with the flipped kernel, grad w = x correlated with g, "
    "grad b = g summed over batch and places"
)
CONVOLUTION_LATEX = (
    r"\nabla x = g * \operatorname{flip}(w),\quad \nabla w = x \star g,\quad \nabla b = \sum g"
)
NORMALISED = (
    "with x̂ = (x − mean)/σ and h = g · w: grad x = (h − mean h − x̂ · mean(h · x̂)) / σ, "
    "grad w = Σ g · x̂, grad b = Σ g"
)
NORMALISED_LATEX = (
    r"\nabla x = \tfrac{1}{\sigma}\left(h-\overline{h}-\hat x\,\overline{h\hat x}\right),\ h=g\,w,"
    r"\quad \nabla w = \sum g\,\hat x,\quad \nabla b = \sum g"
)
CHOSEN = "each g goes to the place that was the greatest in its window"
SHARED = "each g is shared evenly by its window"
MIXED = "each g goes to the places its value was interpolated from, with the same weights"
REDUCED = "(times 1/n for the mean over n values)"

ROWS: tuple[Row, ...] = (
    *((label, "convolution", "input weight bias", CONVOLUTION, CONVOLUTION_LATEX)
      for label in ("Convolution", "ConvolutionOverrideable", "MkldnnConvolution")),
    *((label, "convolution", "self weight bias", CONVOLUTION, CONVOLUTION_LATEX)
      for label in ("SlowConv2D", "SlowConv3D", "SlowConvDilated2D", "SlowConvTranspose2D")),
    *((label, "convolution", "", CONVOLUTION, CONVOLUTION_LATEX)
      for label in ("CudnnConvolution", "CudnnConvolutionTranspose", "ConvDepthwise2D")),
    *((label, "batch normalisation", "input weight bias", NORMALISED, NORMALISED_LATEX)
      for label in ("NativeBatchNorm", "CudnnBatchNorm", "NativeBatchNormLegit",
                    "BatchNormWithUpdate", "MiopenBatchNorm")),
    ("NativeLayerNorm", "layer normalisation", "input weight bias", NORMALISED, NORMALISED_LATEX),
    ("NativeGroupNorm", "group normalisation", "input weight bias", NORMALISED, NORMALISED_LATEX),
    ("FusedRmsNorm", "RMS normalisation x / rms(x) · w", "input weight",
     "with x̂ = x / rms and h = g · w: grad x = (h − x̂ · mean(h · x̂)) / rms, grad w = Σ g · x̂",
     r"\nabla x = \tfrac{1}{r}\left(h-\hat x\,\overline{h\hat x}\right),\quad"
     r" \nabla w = \sum g\,\hat x"),
    ("WeightNormInterface", "weight normalisation w = s · v / ‖v‖", "v g",
     "grad s = ⟨g, v⟩ / ‖v‖, grad v = s/‖v‖ · (g − v · ⟨g, v⟩ / ‖v‖²)",
     r"\nabla s = \frac{\langle g,v\rangle}{\|v\|},\quad"
     r" \nabla v = \frac{s}{\|v\|}\left(g-v\frac{\langle g,v\rangle}{\|v\|^2}\right)"),
    *((label, "max pooling", "self", CHOSEN, r"\nabla x_{i_k} = \sum_k g_k")
      for label in ("MaxPool2DWithIndices", "MaxPool3DWithIndices", "MaxPool2D",
                    "AdaptiveMaxPool2D", "AdaptiveMaxPool3D", "FractionalMaxPool2D",
                    "FractionalMaxPool3D")),
    *((label, "average pooling", "self", SHARED, r"\nabla x_i = \sum_{k\ni i}\frac{g_k}{n_k}")
      for label in ("AvgPool2D", "AvgPool3D", "AdaptiveAvgPool2D", "AdaptiveAvgPool3D",
                    "MkldnnAdaptiveAvgPool2D")),
    ("MaxUnpool2D", "max unpooling", "self", "each value gets g from the place it was put",
     r"\nabla x_k = g_{i_k}"),
    ("MaxUnpool3D", "max unpooling", "self", "each value gets g from the place it was put",
     r"\nabla x_k = g_{i_k}"),
    *((label, "upsampling by the nearest value", "self",
       "grad x = Σ g over the places that copied the value", r"\nabla x_i = \sum_{k\to i} g_k")
      for label in ("UpsampleNearest1D", "UpsampleNearest2D", "UpsampleNearest3D",
                    "UpsampleNearestExact1D", "UpsampleNearestExact2D", "UpsampleNearestExact3D")),
    *((label, "upsampling by interpolation", "self", MIXED, r"\nabla x_i = \sum_k w_{ki}\,g_k")
      for label in ("UpsampleLinear1D", "UpsampleBilinear2D", "UpsampleTrilinear3D",
                    "UpsampleBicubic2D", "UpsampleBilinear2DAa", "UpsampleBicubic2DAa")),
    *((label, "sampling an image at given places", "input grid",
       f"image: {MIXED}; places: g times the slope of the image there",
       r"\nabla x_i = \sum_k w_{ki}\,g_k,\quad \nabla p_k = \sum g_k\,\nabla x(p_k)")
      for label in ("GridSampler2D", "GridSampler3D", "CudnnGridSampler")),
    ("AffineGridGenerator", "grid of places under an affine map", "theta",
     "grad θ = Σ over the grid of g · (x, y, 1)ᵀ", r"\nabla\theta = \sum_p g_p\,(p,1)^{\top}"),
    ("Im2Col", "unfolding windows into columns", "self",
     "overlapping windows are put back and added", r"\nabla x = \operatorname{fold}(g)"),
    ("Col2Im", "folding columns into an image", "self", "grad x = the windows of g as columns",
     r"\nabla x = \operatorname{unfold}(g)"),
    ("Embedding", "look-up of rows in a table", "weight",
     "each row of the table gets the sum of g where it was looked up; all others 0",
     r"\nabla W_r = \sum_{k:\,i_k=r} g_k"),
    ("EmbeddingBag", "sums of rows of a table", "weight per_sample_weights",
     "each row of the table gets the sum of g of the bags it was in",
     r"\nabla W_r = \sum_{k\ni r} g_k"),
    ("MkldnnRnnLayer", "recurrent layer", "",
     "backpropagation through time: the same step, from the last to the first",
     r"\nabla h_{t-1} = \left(\frac{\partial h_t}{\partial h_{t-1}}\right)^{\top}\nabla h_t"),
    ("CudnnRnn", "recurrent layer", "",
     "backpropagation through time: the same step, from the last to the first",
     r"\nabla h_{t-1} = \left(\frac{\partial h_t}{\partial h_{t-1}}\right)^{\top}\nabla h_t"),
    ("ThnnFusedLstmCell", "LSTM cell", "",
     "each gate gets g times the other factors and σ·(1 − σ) or 1 − tanh²",
     r"\nabla c_{t-1} = f\odot\nabla c_t"),
    ("ThnnFusedGruCell", "GRU cell", "",
     "each gate gets g times the other factors and σ·(1 − σ) or 1 − tanh²",
     r"\nabla h_{t-1} = z\odot\nabla h_t+\dots"),
    ("PackPaddedSequence", "packing of sequences", "input", "each g goes back to its step",
     r"\nabla x_{t} = g_{k(t)}"),
    ("NllLoss", "negative log-likelihood", "self",
     f"grad x = −g · weight at the true class, 0 elsewhere {REDUCED}",
     r"\nabla x_{i,c} = -\frac{g\,w_c}{\sum w}[c=t_i]"),
    ("NllLoss2D", "negative log-likelihood at every place", "self",
     f"grad x = −g · weight at the true class, 0 elsewhere {REDUCED}",
     r"\nabla x_{i,c} = -\frac{g\,w_c}{\sum w}[c=t_i]"),
    ("MseLoss", "mean squared error", "self target",
     f"grad x = g · 2 · (x − t) {REDUCED}, grad t = −grad x",
     r"\nabla x = \frac{2g}{n}(x-t),\quad \nabla t = -\nabla x"),
    ("SmoothL1Loss", "smooth L1 loss", "self target",
     f"grad x = g · (x − t) / β where |x − t| < β, else g · sign(x − t) {REDUCED}",
     r"\nabla x = \frac{g}{n}\operatorname{clip}\left(\frac{x-t}{\beta},-1,1\right)"),
    ("HuberLoss", "Huber loss", "self target",
     f"grad x = g · (x − t), clipped to ±δ {REDUCED}",
     r"\nabla x = \frac{g}{n}\operatorname{clip}(x-t,-\delta,\delta)"),
    ("BinaryCrossEntropy", "binary cross-entropy", "self target",
     f"grad x = g · (x − t) / (x · (1 − x)) {REDUCED}",
     r"\nabla x = \frac{g}{n}\,\frac{x-t}{x(1-x)}"),
    ("BinaryCrossEntropyWithLogits", "binary cross-entropy of logits", "self target",
     f"grad x = g · (σ(x) − t) {REDUCED}, grad t = −g · x",
     r"\nabla x = \frac{g}{n}(\sigma(x)-t)"),
    ("SoftMarginLoss", "soft margin loss ln(1 + e^(−t·x))", "self",
     f"grad x = −g · t · σ(−t · x) {REDUCED}",
     r"\nabla x = -\frac{g}{n}\,t\,\sigma(-t x)"),
    ("MultiMarginLoss", "multi-class hinge loss", "self",
     "grad x = g for classes within the margin, minus their count at the true class",
     r"\nabla x_c = \frac{g}{nC}[m-x_t+x_c>0]"),
    ("MultilabelMarginLoss", "multi-label hinge loss", "self",
     "grad x = ±g for each pair of a true and another class within the margin",
     r"\nabla x_c = \frac{g}{nC}\sum_t [1-x_t+x_c>0]"),
    ("CtcLoss", "connectionist temporal classification", "log_probs",
     "grad x = g · (eˣ − the share of all alignments that use the symbol at that step)",
     r"\nabla x_{t,s} = g\,(e^{x_{t,s}}-\gamma_{t,s})"),
)  # fmt: skip
