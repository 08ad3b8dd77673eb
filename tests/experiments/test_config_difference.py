"""Keys that differ are told, every one, and no others."""

from experiments.config_difference import differences

BASE = {
    "seed_everything": 1,
    "model": {"learning_rate": 0.01, "masking": None, "sizes": [1, 2]},
    "data": {"augmentation": [{"class_path": "A", "init_args": {"p": 0.5}}, {"class_path": "B"}], "balanced": False},
}


def told(*configs):
    return {setting.key: setting.texts() for setting in differences(configs)}


def test_the_same_config_differs_in_nothing():
    assert told(BASE, BASE, {**BASE}) == {}


def test_each_difference_is_told_once_and_exactly():
    other = {
        "seed_everything": 1,
        "model": {"learning_rate": 0.02, "sizes": [1, 3], "new": {"deep": True}},
        "data": {"augmentation": [{"class_path": "A", "init_args": {"p": 0.7}}], "balanced": 0},
    }
    assert told(BASE, other) == {
        "model.learning_rate": ["0.01", "0.02"],
        "model.masking": ["null", "–"],
        "model.sizes": ["[1, 2]", "[1, 3]"],
        "data.augmentation[0].init_args.p": ["0.5", "0.7"],
        "data.augmentation[1].class_path": ["B", "–"],
        "data.balanced": ["false", "0"],
        "model.new.deep": ["–", "true"],
    }


def test_one_of_three_is_enough():
    assert told(BASE, BASE, {**BASE, "seed_everything": 2}) == {"seed_everything": ["1", "1", "2"]}
    assert told(BASE, {}) == {key: texts for key, texts in told(BASE, {}).items() if texts[1] == "–"}
