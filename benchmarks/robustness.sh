#!/usr/bin/env bash
# The proof of robustness.md: five recipes x two networks x three seeds, each under noise, codecs and trimming.
#
#   benchmarks/robustness.sh NOISE SPEECH
#
# NOISE holds the environments BIKE, MIAOW (trained in), DISHES and TAP (tested in) in DEMAND's layout; SPEECH a folder
# for each of 10 speakers, who are in no other part of it. What is finished is not done again.
set -euo pipefail
noise=$(realpath "$1") speech=$(realpath "$2")
cd "$(dirname "$0")/.."
out=data/robustness
mkdir -p "$out" data/noise/train data/noise/test
for place in train/BIKE train/MIAOW test/DISHES test/TAP; do
  ln -sfn "$noise/${place#*/}" "data/noise/$place"
done
spooflab corpus babble --speech "$speech" --speakers 6 --out data/noise/test/BABBLE

# One model: NETWORK RECIPE SEED. Its run's id stays in a file of that name.
train_one() {
  local network=$1 recipe=$2 seed=$3 file=data/robustness/$1-$2-$3
  [ -s "$file" ] && return
  local configs=(--config experiments/configs/minispoof.yaml --config "experiments/configs/$network.yaml")
  [ "$recipe" = clean ] || configs+=(--config "experiments/configs/augment_$recipe.yaml")
  local run
  run=$(spooflab train "${configs[@]}" --name "$network $recipe" --seed_everything "$seed" --data.seed "$seed" \
    --trainer.enable_progress_bar false | sed -n 's/^dev EER .* run //p')
  spooflab evaluate --model "$run" > "$file.log"
  echo "$run" > "$file"
}
export -f train_one
export SPOOFLAB_THREADS=1
train_one cnn clean 1 # alone: it makes the store
for seed in 1 2 3; do
  for recipe in clean noise codecs rawboost robust; do
    for network in cnn rawnet2_small; do
      echo "$network $recipe $seed"
    done
  done
done | xargs -P "$(nproc)" -I {} bash -euo pipefail -c 'train_one {}'
unset SPOOFLAB_THREADS

conditions=(--noise data/noise/test --snrs 15 5 --codecs gsm amr_nb opus mp3 aac --seeds)
for network in cnn rawnet2_small; do
  models=() remedied=()
  for recipe in clean noise codecs rawboost robust; do
    for seed in 1 2 3; do
      models+=(--model "$(cat "$out/$network-$recipe-$seed")")
    done
    [ "$recipe" = clean ] && remedied=("${models[@]}")
  done
  spooflab robustness "${models[@]}" "${conditions[@]}" --out "$out/$network" | tee "$out/$network.txt"
  spooflab robustness "${remedied[@]}" "${conditions[@]}" --codecs --remedy wiener --remedy spectral-subtraction \
    --out "$out/$network-remedies" | tee "$out/$network-remedies.txt"
done
