#!/bin/sh
# Removes the roles of a list in sixteen parts, as a Slurm array: part 0 to 15, four at a time. A task
# whose node goes away is queued again, finds the journal of its part and sends the rest.
#
#   sbatch examples/fleet/slurm.sh      # in a folder that all nodes share, with list.csv
#
# What is left: elevenlabs-workspace journal report journals/part*.journal --from list.csv
#
#SBATCH --job-name=unshare
#SBATCH --array=0-15%4
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=part-%a.log
set -eu
mkdir -p -m 700 journals

# 3: stopped early, as by an outage or by Slurm's SIGTERM.
status=0
elevenlabs-workspace unshare --from list.csv --part "$SLURM_ARRAY_TASK_ID/16" \
  --journal "journals/part$SLURM_ARRAY_TASK_ID.journal" \
  --api-key-file "$HOME/.elevenlabs-key" --yes || status=$?
[ "$status" -ne 3 ] || scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
exit "$status"
