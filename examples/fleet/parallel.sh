#!/bin/sh
# Removes the roles of a list in parts, with GNU parallel. Each part has a journal in FOLDER. If this
# machine goes away, run the script again: no item that is confirmed is sent again.
#
#   sh examples/fleet/parallel.sh LIST FOLDER [PARTS]
#
# On many machines: export PARALLEL='--sshloginfile hosts.txt'. LIST and FOLDER must be absolute paths
# that all machines have, and each machine needs the API key.
set -eu
list=$1
folder=$2
parts=${3-16}
mkdir -p -m 700 "$folder"

# A part with refused items has the status 1, and others go on. What is left is told below.
seq 0 $((parts - 1)) |
  parallel --jobs 4 --tag --quote elevenlabs-workspace unshare --from "$list" \
    --part "{}/$parts" --journal "$folder/part{}.journal" --yes || true

elevenlabs-workspace journal report "$folder"/part*.journal --from "$list" \
  --failed "$folder/left.csv"
