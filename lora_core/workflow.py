"""The ComfyUI graph (API format) that makes the training container train one style.

Each node is a function of the version; what stands here as a literal is the same for every style.
Ids, classes, input names and fixed inputs are those of a recorded request that the container ran.
"""

from typing import Any, Final

from lora_core.parameters import TrainingParameters

# The container is known to run graphs with these node ids. It may look nodes up by them, so they are kept.
MODELS: Final = "2"
LOOP: Final = "4"
SAVE: Final = "14"
OPTIMIZER: Final = "95"
LOSS_PLOT: Final = "97"
SAVED_PLOT: Final = "98"
INIT: Final = "107"
DATASET_RULES: Final = "108"
DATASET: Final = "109"
END: Final = "133"
PROMPTS: Final = "146"

Node = dict[str, Any]
Graph = dict[str, Node]

_SAMPLE_SCENES: Final = (
    "a quiet street after the rain",
    "two people talking at a kitchen table",
    "a mountain lake in the early morning",
    "a cat asleep on a window sill",
)


def style_graph(parameters: TrainingParameters) -> Graph:
    """A new graph for one version; its class_tokens must be settled.

    The model's name is not in it: `training_config` tells it to the container.
    """
    return {
        MODELS: _models(),
        DATASET_RULES: _dataset_rules(),
        DATASET: _dataset(parameters),
        OPTIMIZER: _optimizer(parameters),
        PROMPTS: _prompts(parameters.class_tokens or ""),
        INIT: _init(parameters),
        LOOP: _node("FluxTrainLoop", "Train", network_trainer=[INIT, 0], steps=parameters.max_train_steps),
        SAVE: _save(),
        END: _node("FluxTrainEnd", "End of training", network_trainer=[SAVE, 0], save_state=False),
        LOSS_PLOT: _loss_plot(),
        SAVED_PLOT: _node(
            "SaveImage", "Save loss curve", images=[LOSS_PLOT, 0], filename_prefix="style_loss"
        ),
    }


def _node(class_type: str, title: str, **inputs: object) -> Node:
    return {"class_type": class_type, "inputs": inputs, "_meta": {"title": title}}


def _models() -> Node:
    return _node(
        "FluxTrainModelSelect",
        "Base model",
        transformer="flux1-dev-fp8.safetensors",
        vae="ae.safetensors",
        clip_l="clip_l.safetensors",
        t5="t5xxl_fp8.safetensors",
    )


def _dataset_rules() -> Node:
    # Text encoder outputs are cached, which forbids shuffled and dropped captions.
    return _node(
        "TrainDatasetGeneralConfig",
        "Captions beside images, no augmentation",
        caption_extension=".txt",
        color_aug=False,
        flip_aug=False,
        shuffle_caption=False,
        caption_dropout_rate=0,
        alpha_mask=False,
        reset_on_queue=False,
    )


def _dataset(parameters: TrainingParameters) -> Node:
    return _node(
        "TrainDatasetAdd",
        "Style dataset",
        dataset_config=[DATASET_RULES, 0],
        dataset_path="/training_data",
        class_tokens=parameters.class_tokens,
        batch_size=parameters.batch_size,
        num_repeats=parameters.num_repeats,
        width=512,
        height=512,
        enable_bucket=True,
        bucket_no_upscale=False,
        min_bucket_reso=256,
        max_bucket_reso=1024,
    )


def _optimizer(parameters: TrainingParameters) -> Node:
    return _node(
        "OptimizerConfig",
        "Optimizer and schedule",
        optimizer_type=parameters.optimizer_type,
        lr_scheduler=parameters.lr_scheduler,
        lr_warmup_steps=parameters.lr_warmup_steps,
        lr_scheduler_num_cycles=3,
        lr_scheduler_power=1,
        max_grad_norm=1,
        min_snr_gamma=5,
        extra_optimizer_args="",
    )


def _prompts(class_tokens: str) -> Node:
    # The trainer splits prompts at "|"; one inside the tokens would make two prompts of each.
    tokens = class_tokens.replace("|", " ").strip()
    prompts = [f"{tokens}, {scene}" if tokens else scene for scene in _SAMPLE_SCENES]
    return _node("StringConstantMultiline", "Sample prompts", string="|".join(prompts), strip_newlines=True)


def _init(parameters: TrainingParameters) -> Node:
    return _node(
        "InitFluxLoRATraining",
        "LoRA of the style",
        flux_models=[MODELS, 0],
        dataset=[DATASET, 0],
        optimizer_settings=[OPTIMIZER, 0],
        sample_prompts=[PROMPTS, 0],
        output_name="flux_lora_file_name",  # as in the recorded request; training_config names the model
        output_dir="/model_output",
        network_dim=parameters.network_dim,
        network_alpha=parameters.network_alpha,
        learning_rate=parameters.learning_rate,
        max_train_steps=parameters.max_train_steps,
        gradient_dtype=parameters.gradient_dtype,
        save_dtype=parameters.gradient_dtype,
        **_FLUX_SETTINGS,
    )


_FLUX_SETTINGS: Final[dict[str, object]] = {
    "apply_t5_attn_mask": True,
    "attention_mode": "sdpa",
    "additional_args": "",
    "blocks_to_swap": 0,
    "cache_latents": "memory",
    "cache_text_encoder_outputs": "memory",
    "discrete_flow_shift": 3.1582,
    "fp8_base": True,
    "gradient_checkpointing": "enabled",
    "guidance_scale": 1,
    "highvram": True,
    "logit_mean": 0,
    "logit_std": 1,
    "mode_scale": 1.29,
    "model_prediction_type": "raw",
    "sigmoid_scale": 1,
    "timestep_sampling": "shift",
    "weighting_scheme": "logit_normal",
    # A style is learned from pictures; the text encoders stay as they are.
    "train_text_encoder": "disabled",
    "clip_l_lr": 0,
    "T5_lr": 0,
}


def _save() -> Node:
    return _node(
        "FluxTrainSave",
        "Save the LoRA",
        network_trainer=[LOOP, 0],
        save_state=False,
        copy_to_comfy_lora_folder=False,
    )


def _loss_plot() -> Node:
    return _node(
        "VisualizeLoss",
        "Loss curve",
        network_trainer=[LOOP, 0],
        plot_style="seaborn-v0_8-dark-palette",
        window_size=100,
        normalize_y=True,
        width=768,
        height=512,
        log_scale=False,
    )
