#!/bin/sh
# Removes a leaver from 1,000 resources, with the command alone. Half-way the command is killed,
# and then run again. The sandbox fails and is slow on purpose:
#
#   elevenlabs-workspace sandbox --port 0 --resources 1000 --fail-rate 0.03 --rate-limit 300 \
#     -- sh examples/offboard.sh
set -eu
folder=$(mktemp -d)
job=
trap '[ -z "$job" ] || kill -9 $job 2>/dev/null; rm -rf "$folder"' EXIT
trap 'exit 130' INT HUP TERM

show_roles() {
  for id in voice_0001 voice_0400; do
    elevenlabs-workspace get --resource-id $id --resource-type voice \
      --base-url "$ELEVENLABS_BASE_URL" --ca-file "$ELEVENLABS_CA_FILE" | sed 's/^/  /'
  done
}
set -- --from "$folder/mia.csv" --journal "$folder/mia.journal" --failed "$folder/failed.csv" --yes \
  --base-url "$ELEVENLABS_BASE_URL" --ca-file "$ELEVENLABS_CA_FILE"

echo "Mia leaves. She has a role on most of the 1,000 resources of this sandbox, such as:"
show_roles
printf '\nWho has which role:\n  $ elevenlabs-workspace access --out access.csv\n'
elevenlabs-workspace access --out "$folder/access.csv" 2>"$folder/coverage" \
  --base-url "$ELEVENLABS_BASE_URL" --ca-file "$ELEVENLABS_CA_FILE"
tail -n 1 "$folder/coverage"
printf '  $ sed -n "1p;/,mia@example.com,/p" access.csv >mia.csv\n'
sed -n '1p;/,mia@example.com,/p' "$folder/access.csv" >"$folder/mia.csv"

printf '\nRemoving mia@example.com from all of them:\n'
printf '  $ elevenlabs-workspace unshare --from mia.csv --journal mia.journal --failed failed.csv\n'
elevenlabs-workspace unshare "$@" >"$folder/report" &
job=$!
until [ "$(cat "$folder/mia.journal" 2>/dev/null | wc -l)" -gt 500 ] || ! kill -0 $job 2>/dev/null; do
  sleep 0.05
done
kill -9 $job || true
wait $job 2>/dev/null || true
job=

printf '\n\nKilled with %d lines in its journal. The same command again:\n' \
  "$(wc -l <"$folder/mia.journal")"
status=0
elevenlabs-workspace unshare "$@" >"$folder/report" || status=$?
printf '\nNow:\n'
show_roles
printf '\nfailed.csv has the refused items, with the reason. The report:\n'
cat "$folder/report"
[ "$status" = 1 ] # the resources that she created are refused
