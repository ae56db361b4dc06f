# shellcheck shell=bash disable=SC2154,SC2034
# The cluster that a script of deploy/local works on. To be sourced after lib.sh.

tools=$("$deploy_local/tools/helm")
kube_context=${FLEETOPS_CONTEXT:-}

# A script that calls another one hands it the local kubeconfig.
if [[ -z $kube_context && ${KUBECONFIG:-$root/.local/kubeconfig} == "$root/.local/kubeconfig" ]]; then
  target=local
  export KUBECONFIG=$root/.local/kubeconfig
else
  target=given
  export KUBECONFIG=${KUBECONFIG:-$HOME/.kube/config}
fi

kubectl() { "$tools/kubectl" ${kube_context:+--context "$kube_context"} "$@"; }
helm() { "$tools/helm" ${kube_context:+--kube-context "$kube_context"} "$@"; }

start_cluster() {
  if [[ $target == local ]]; then
    "$deploy_local/cluster" up
  else
    kubectl get --raw /readyz >/dev/null || die "The cluster that KUBECONFIG=$KUBECONFIG${kube_context:+, context $kube_context} names does not answer. Unset both to use a local one."
  fi
}

# load_image NAME: makes artifacts/images/NAME.tar available to the cluster and sets `loaded` to its reference there.
load_image() {
  local name=$1 archive=$root/artifacts/images/$1.tar context
  loaded=$(cat "$root/artifacts/images/$name.ref")
  context=${kube_context:-$(kubectl config current-context)}
  if [[ $target == local ]]; then
    "$deploy_local/load-image" "$archive" >&2
  elif [[ -n ${FLEETOPS_REGISTRY:-} ]]; then
    local pushed=$FLEETOPS_REGISTRY/${loaded#*/}
    install_packages buildah
    logged "pushing $pushed" buildah --storage-driver vfs push "docker-archive:$archive" "docker://$pushed"
    loaded=$pushed
  elif [[ $context == kind-* ]]; then
    logged "loading $loaded into kind" kind load image-archive "$archive" --name "${context#kind-}"
  elif [[ $context == k3d-* ]]; then
    logged "loading $loaded into k3d" k3d image import "$archive" --cluster "${context#k3d-}"
  else
    die "The cluster of context $context cannot be handed images directly. Name a registry that it pulls from: FLEETOPS_REGISTRY=registry.example.com/team"
  fi
}

# ask MODEL QUESTION: streams the answer of the model to stdout, through its Service.
ask() {
  local model=$1 question=$2 worker=$root/artifacts/publish/worker/app/fleetops-worker
  if [[ $target == local ]]; then
    # There is no cluster DNS, but kube-proxy makes the Service's own address work on this machine.
    "$worker" chat --wait-seconds 60 --address "$(kubectl get service "$model" -o 'jsonpath={.spec.clusterIP}'):9090" --temperature 0 "$question"
    return
  fi
  local forward log status=0
  log=$(mktemp)
  kubectl port-forward "service/$model" :9090 >"$log" &
  forward=$!
  timeout 30 bash -c 'until grep -q Forwarding "$1"; do sleep 0.1; done' _ "$log" || die "kubectl port-forward to service/$model did not start."
  "$worker" chat --wait-seconds 60 --address "127.0.0.1:$(sed -nE 's/.*127\.0\.0\.1:([0-9]+).*/\1/p;T;q' "$log")" --temperature 0 "$question" || status=$?
  kill "$forward"
  rm -f "$log"
  return "$status"
}
