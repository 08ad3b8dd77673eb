"""What commands use where no model is named: light, since not every command needs the registry."""

from typing import Final

MODEL_NAME: Final = "audio-deepfake-detector"
CHAMPION: Final = "champion"
DEFAULT_MODEL: Final = f"models:/{MODEL_NAME}@{CHAMPION}"
