"""The environment of a lab whose RunPod is the tests' fake and whose bucket is empty."""

from local_endpoint import Address


def runpod_settings(address: Address, bucket_url: str) -> dict[str, str]:
    """A whole configuration, as a user would put it into the environment."""
    return {
        "RUNPOD_API_KEY": address.api_key,
        "RUNPOD_ENDPOINT_ID": address.endpoint_id,
        "RUNPOD_BASE_URL": address.base_url,
        "S3_BUCKET": "lora-lab-test",
        "S3_ENDPOINT_URL": bucket_url,
        "S3_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "TRAINER_USER_ID": "tester",
        "TRAINER_TENANT_ID": "tests",
    }
