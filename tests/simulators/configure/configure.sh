#!/bin/bash
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# A stand-in for NetBird's configure.sh, in our own words: as careless with values, secrets and failures as that was measured to be.
set -e

for tool in curl jq envsubst; do
  which "$tool" > /dev/null 2>&1 || { echo "configure.sh needs $tool"; exit 1; }
done

source setup.env
source base.setup.env

[[ -n "$NETBIRD_DOMAIN" ]] || { echo "NETBIRD_DOMAIN is not set"; exit 1; }
for engine in postgres mysql; do
  dsn="NETBIRD_STORE_ENGINE_${engine^^}_DSN"
  if [[ "$NETBIRD_STORE_CONFIG_ENGINE" == "$engine" && -z "${!dsn}" ]]; then echo "$dsn is not set"; exit 1; fi
  export "${dsn?}"
done
if [[ -n "$NETBIRD_TURN_EXTERNAL_IP" ]]; then
  echo "$NETBIRD_TURN_EXTERNAL_IP" | grep -Eq '([0-9]{1,3}\.){3}[0-9]{1,3}$'
  export STAND_IN_EXTERNAL_IP="external-ip=$NETBIRD_TURN_EXTERNAL_IP"
fi
[[ -n "$NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT" ]] || { echo "NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT is not set"; exit 1; }

# A missing openssl goes unnoticed: the pipe ends well.
fresh() { openssl rand -base64 32 | sed 's/=//g'; }
[[ -n "$TURN_PASSWORD" ]] || TURN_PASSWORD=$(fresh)
[[ -n "$NETBIRD_RELAY_AUTH_SECRET" ]] || NETBIRD_RELAY_AUTH_SECRET=$(fresh)
export TURN_PASSWORD NETBIRD_RELAY_AUTH_SECRET

mkdir -p artifacts
docker volume ls 2> /dev/null | grep -q wiretrustee || true
curl -s "$NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT" -o artifacts/openid-configuration.json
discovered() { jq -r ".$1" artifacts/openid-configuration.json; }
NETBIRD_AUTH_AUTHORITY=$(discovered issuer)
NETBIRD_AUTH_JWT_CERTS=$(discovered jwks_uri)
NETBIRD_AUTH_TOKEN_ENDPOINT=$(discovered token_endpoint)
NETBIRD_AUTH_DEVICE_AUTH_ENDPOINT=$(discovered device_authorization_endpoint)
NETBIRD_AUTH_PKCE_AUTHORIZATION_ENDPOINT=$(discovered authorization_endpoint)
export NETBIRD_AUTH_AUTHORITY NETBIRD_AUTH_JWT_CERTS NETBIRD_AUTH_TOKEN_ENDPOINT
export NETBIRD_AUTH_DEVICE_AUTH_ENDPOINT NETBIRD_AUTH_PKCE_AUTHORIZATION_ENDPOINT
[[ -z "$NETBIRD_AUTH_DEVICE_AUTH_CLIENT_ID" ]] || export NETBIRD_AUTH_DEVICE_AUTH_PROVIDER=hosted

extra='{}'
if [[ -n "$NETBIRD_MGMT_IDP" ]]; then
  for name in ${!NETBIRD_IDP_MGMT_EXTRA_*}; do
    key=$(awk -F _ '{ for (i = 1; i <= NF; i++) printf "%s%s", substr($i, 1, 1), tolower(substr($i, 2)) }' <<< "${name#NETBIRD_IDP_MGMT_EXTRA_}")
    extra=$(jq --arg key "$key" --arg value "${!name}" '.[$key] = $value' <<< "$extra")
  done
fi
export NETBIRD_MGMT_IDP NETBIRD_IDP_MGMT_CLIENT_ID NETBIRD_IDP_MGMT_CLIENT_SECRET
export STAND_IN_EXTRA="$extra"

if [[ -f management.json ]]; then
  stored=$(jq -r .DataStoreEncryptionKey management.json)
  [[ "$stored" == null ]] || export NETBIRD_DATASTORE_ENC_KEY="$stored"
fi

env | grep NETBIRD

for name in docker-compose.yml management.json turnserver.conf; do
  [[ ! -f "artifacts/$name" ]] || cp "artifacts/$name" "artifacts/$name.bkp.$(date +%s)"
done
envsubst < docker-compose.yml.tmpl > artifacts/docker-compose.yml
envsubst < management.json.tmpl | jq . > artifacts/management.json
envsubst < turnserver.conf.tmpl > artifacts/turnserver.conf
