# shellcheck shell=bash
# The cluster that a script of deploy/local works on. To be sourced after lib.sh.

tools=$("$deploy_local/tools/helm")
version=$(sed -nE 's:.*<Version[^>]*>(.*)</Version>.*:\1:p' "$root/Directory.Build.props")
operator_image=fleetops.dev/operator:$version
worker_image=fleetops.dev/worker:$version
kube_context=${FLEETOPS_CONTEXT:-}

if [[ -z ${KUBECONFIG:-} && -z $kube_context ]]; then
  target=local
  export KUBECONFIG=$root/.local/kubeconfig
else
  target=given
  export KUBECONFIG=${KUBECONFIG:-$HOME/.kube/config}
fi

kubectl() { "$tools/kubectl" ${kube_context:+--context "$kube_context"} "$@"; }
helm() { "$tools/helm" ${kube_context:+--kube-context "$kube_context"} "$@"; }

server_minor() { kubectl get --raw /version | sed -nE 's/.*"minor": *"([0-9]+).*/\1/p'; }

start_cluster() {
  if [[ $target == local ]]; then
    "$deploy_local/cluster" up
  else
    kubectl get --raw /readyz >/dev/null || die "The cluster that KUBECONFIG=$KUBECONFIG${kube_context:+, context $kube_context} names does not answer. Unset both to use a local one."
  fi
}
