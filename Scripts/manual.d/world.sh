# shellcheck shell=bash
# Runs a page's blocks, one after another in one shell, in a tree of its own. Arguments: a directory with the blocks, the
# program or nothing, and where the page begins. What is written to /etc, /home, /usr/local and /var/lib is gone afterwards.
set -eo pipefail
blocks=$1 program=$2 start=$3
tree=$blocks/tree

mkdir "$tree"
mount -t tmpfs -o mode=755 tmpfs "$tree"
for directory in etc home usr/local var/lib; do
  mkdir -p "$tree/upper/$directory" "$tree/work/$directory"
  mount -t overlay overlay \
    -o "lowerdir=/$directory,upperdir=$tree/upper/$directory,workdir=$tree/work/$directory" "/$directory"
done
echo '127.0.0.1 db.example orders.example proxy.example kafka.example mq.example cache.example nats.example registry.example' >>/etc/hosts
echo '127.0.0.2 sqs.eu-central-1.amazonaws.com sns.eu-central-1.amazonaws.com' >>/etc/hosts
mkdir -p /etc/ssl/certs
cat "$blocks/../authority.pem" >>/etc/ssl/certs/ca-certificates.crt
useradd --create-home --shell /bin/bash reader
mkdir -p /home/ada/.aws
printf '[relay]\naws_access_key_id = AKIDSCRATCH\naws_secret_access_key = hush\n' >/home/ada/.aws/credentials
chmod 600 /home/ada/.aws/credentials
export HOME=/home/ada USER=ada
if [[ -n $program ]]; then
  install -m 755 "$program" /usr/local/bin/tailrace
  [[ -z ${EXAMPLES:-} ]] || install -m 755 "$EXAMPLES"/{orders,billing} /usr/local/bin
  install -D -m 755 "$(dirname "${BASH_SOURCE[0]}")/../package.d/tailrace-as" /usr/local/sbin/tailrace-as
  mkdir -p "$tree/credentials" /run/credentials
  mount --bind "$tree/credentials" /run/credentials
fi
type -P sudo >/dev/null || install -m 755 "$(dirname "${BASH_SOURCE[0]}")/sudo" /usr/local/bin/sudo
cd "${start:-$HOME}"

sql() { psql -XAtq -v ON_ERROR_STOP=1 "postgresql://postgres@db.example/${PGDATABASE:-shop}" "$@"; }

# Waits until a slot has a reader, and then until that has confirmed a transaction which began after it was there: so its
# sink is there too, and has all that was in the log.
caught_up() {
  local position=
  for _ in {1..600}; do
    kill -0 "$1" 2>/dev/null || return 1
    if [[ -z $position ]]; then
      [[ -z $(sql -c 'SELECT 1 FROM pg_replication_slots WHERE active') ]] ||
        position=$(sql -c "SELECT pg_logical_emit_message(true, 'manual', 'passing by')")
    elif [[ -n $(sql -c "SELECT 1 FROM pg_replication_slots WHERE active AND confirmed_flush_lsn > '$position'") ]]; then
      return
    fi
    sleep 0.1
  done
  return 1
}

# Waits until a poller has left nothing in the table.
polled_up() {
  for _ in {1..600}; do
    kill -0 "$1" 2>/dev/null || return 1
    [[ -n $(sql -c "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT EXISTS (SELECT FROM outbox) LIMIT 1") ]] &&
      return
    sleep 0.1
  done
  return 1
}

# Runs a block that goes on until Ctrl-C, and presses that once all is delivered.
until_ctrl_c() {
  local job status=0 is_done= has_come=caught_up
  if grep -q '^tailrace poll ' "$1"; then has_come=polled_up; fi
  set -m
  (set +m; . "$1") &
  job=$!
  set +m
  if "$has_come" "$job"; then is_done=1; fi
  kill -INT -- "-$job" 2>/dev/null || true
  wait "$job" || status=$?
  [[ -n $is_done && ($status == 0 || $status == 130) ]]
}

mapfile -t order <"$blocks/order"
for block in "${order[@]}"; do
  printf '%s\n' "$block" >"$blocks/current"
  set -v
  case $block in
    *.sh) . "$block" ;;
    *.sql) psql -X -v ON_ERROR_STOP=1 -f "$block" ;;
    *.endless) until_ctrl_c "$block" ;;
  esac
  { set +v; } 2>/dev/null
done
rm "$blocks/current"
