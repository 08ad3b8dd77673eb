#!/usr/bin/env bash
# The comparison of networks.md: two networks x three seeds under one recipe and one number of draws, and both fused.
#
#   benchmarks/networks.sh [EPOCHS]
#
# Each training has one core, and as many run at a time as there are cores. What is finished is not done again.
set -euo pipefail
cd "$(dirname "$0")/.."
epochs=${1:-14}
out=data/networks
mkdir -p "$out"
spooflab corpus build --size medium --out data/minispoof-medium

# One model: NETWORK SEED. Its run's id stays in a file of that name.
train_one() {
  local network=$1 seed=$2 file=data/networks/$1-$2 run
  [ -s "$file" ] && return
  run=$(spooflab train --config experiments/configs/minispoof.yaml --config "experiments/configs/$network.yaml" \
    --config experiments/configs/recipe.yaml --data.corpus.init_args.root data/minispoof-medium \
    --trainer.max_epochs "$epochs" --trainer.enable_progress_bar false \
    --name "$network recipe" --seed_everything "$seed" --data.seed "$seed" | sed -n 's/^dev EER .* run //p')
  spooflab evaluate --model "$run" > "$file.log"
  echo "$run" > "$file"
}

# The two networks of a SEED as one model; dev alone makes it.
fuse_one() {
  local seed=$1 file=data/networks/fused-$1 run
  [ -s "$file" ] && return
  run=$(spooflab fuse "$(cat "data/networks/cnn-$seed")" "$(cat "data/networks/rawnet2_small-$seed")" \
    --name "cnn + rawnet2_small" | sed -n 's/^run //p')
  spooflab evaluate --model "$run" > "$file.log"
  echo "$run" > "$file"
}

export -f train_one
export epochs SPOOFLAB_THREADS=1
train_one cnn 1 # alone: it makes the store
for seed in 1 2 3; do
  for network in cnn rawnet2_small; do
    echo "$network $seed"
  done
done | xargs -P "$(nproc)" -I {} bash -euo pipefail -c 'train_one {}'

for seed in 1 2 3; do
  fuse_one "$seed"
done

python benchmarks/_network_costs.py | tee "$out/costs.md"
