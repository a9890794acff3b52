#!/bin/sh
# Takes a leaver's roles away from 1,000 resources, with the command alone; it is killed
# half-way and resumed. Over a sandbox that fails and is slow on purpose:
#
#   elevenlabs-workspace sandbox --port 0 --resources 1000 --fail-rate 0.03 --rate-limit 300 \
#     -- sh examples/offboard.sh
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Where the leaver may have a role. There is no "list everything shared with", so a real list
# comes from the API's lists of voices, agents and projects. These are the sandbox's.
awk 'BEGIN {
  split("voice agent doc dict", name)
  split("voice convai_agents convai_knowledge_base_documents pronunciation_dictionary", type)
  print "resource_id,resource_type"
  for (i = 0; i < 1000; i++)
    printf "%s_%04d,%s\n", name[i % 4 + 1], i + 1, type[i % 4 + 1]
}' >"$folder/resources.csv"

set -- --from "$folder/resources.csv" --user-email mia@example.com \
  --journal "$folder/mia.journal" --failed "$folder/failed.csv" --yes \
  --base-url "$ELEVENLABS_BASE_URL" --ca-file "$ELEVENLABS_CA_FILE"

echo "Removing mia@example.com from 1,000 resources:"
elevenlabs-workspace unshare "$@" &
job=$!
until [ "$(cat "$folder/mia.journal" 2>/dev/null | wc -l)" -gt 500 ] || ! kill -0 $job 2>/dev/null; do
  sleep 0.05
done
kill -9 $job || true
wait $job 2>/dev/null || true

printf '\n\nKilled with %d lines in its journal. The same command again:\n' \
  "$(wc -l <"$folder/mia.journal")"
status=0
elevenlabs-workspace unshare "$@" || status=$?
[ "$status" = 1 ] # some were refused: those that she created
