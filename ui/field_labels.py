"""What the form calls its fields."""

from typing import Final

LABELS: Final = {
    "selection_set_id": "Dataset",
    "learning_rate": "Learning rate",
    "max_train_steps": "Steps",
    "network_dim": "Network dim",
    "network_alpha": "Network alpha",
    "batch_size": "Batch size",
    "num_repeats": "Repeats",
    "lr_scheduler": "LR scheduler",
    "optimizer_type": "Optimizer",
    "lr_warmup_steps": "Warm-up steps",
    "gradient_dtype": "Gradient dtype",
    "save_every_n_steps": "Save every n steps",
    "class_tokens": "Class tokens",
}
