#!/bin/sh
# A leaver, from an address to the proof, with the command alone. Half-way through its removals the
# command is killed, and then run again. The case stays in FOLDER, or in a new folder of /tmp.
#
#   elevenlabs-workspace sandbox --port 0 --resources 1000 --fail-rate 0.01 --rate-limit 800 \
#     -- sh examples/offboard.sh [FOLDER]
set -eu
folder=${1-$(mktemp -d)}
mkdir -p "$folder"
cd "$folder"
job=
trap '[ -z "$job" ] || kill -9 $job 2>/dev/null' EXIT
trap 'exit 130' INT HUP TERM

show() { printf '\n$ elevenlabs-workspace offboard %s\n' "$*"; }
answers() { cat mia/round-*.unshare.jsonl 2>/dev/null | grep -c '"outcome"' || true; }

echo "Mia leaves. What can she reach? (A sandbox with 1,000 resources, which fails and limits.)"
show plan mia --user-email mia@example.com
elevenlabs-workspace offboard plan mia --user-email mia@example.com >plan.txt
head -n 1 plan.txt
grep ' kinds have no list' plan.txt
grep -A 3 '^The plan has ' plan.txt # the first of them
echo "  ..."

show apply mia --yes
elevenlabs-workspace offboard apply mia --yes >apply.txt &
job=$!
until [ "$(answers)" -gt 300 ] || ! kill -0 $job 2>/dev/null; do
  sleep 0.02
done
kill -9 $job || true
wait $job 2>/dev/null || true
job=
printf '\n\nKilled after %d removals. The same command again:\n' "$(answers)"
show apply mia --yes
elevenlabs-workspace offboard apply mia --yes >apply.txt

show verify mia
elevenlabs-workspace offboard verify mia >verify.txt
printf '\nThe report, with the next step for all that remains: %s\n' "$PWD/mia/report.html"
head -n 1 verify.txt
tail -n 1 verify.txt
