# shellcheck shell=bash
# Certificates, kubeconfigs and configuration files of the local node. To be sourced by `cluster`, which sets the variables.
# shellcheck disable=SC2154

# issue NAME SUBJECT [SUBJECT-ALTERNATIVE-NAMES]: a key and a certificate signed by the cluster's authority.
issue() {
  local name=$pki/$1 subject=$2 names=${3:-} usage=clientAuth
  [[ -z $names ]] || usage=serverAuth
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.key" -out "$name.csr" -subj "$subject" 2>/dev/null
  printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n%s' "$usage" "${names:+subjectAltName=$names}" >"$name.ext"
  openssl x509 -req -in "$name.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial -days 3650 -extfile "$name.ext" -out "$name.crt" 2>/dev/null
  rm "$name.csr" "$name.ext"
}

# write_kubeconfig FILE NAME: a kubeconfig that carries the certificate NAME.
write_kubeconfig() {
  cat >"$1" <<YAML
apiVersion: v1
kind: Config
current-context: fleetops-local
contexts:
- name: fleetops-local
  context: {cluster: fleetops-local, user: $2}
clusters:
- name: fleetops-local
  cluster:
    server: https://$node_ip:6443
    certificate-authority-data: $(base64 -w 0 "$pki/ca.crt")
users:
- name: $2
  user:
    client-certificate-data: $(base64 -w 0 "$pki/$2.crt")
    client-key-data: $(base64 -w 0 "$pki/$2.key")
YAML
  chmod 600 "$1"
}

write_certificates() {
  [[ ! -f $pki/complete ]] || return 0
  local component
  mkdir -p "$pki"
  chmod 700 "$pki"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=fleetops-local \
    -addext keyUsage=critical,keyCertSign,digitalSignature -keyout "$pki/ca.key" -out "$pki/ca.crt" 2>/dev/null
  openssl ecparam -name prime256v1 -genkey -noout -out "$pki/service-accounts.key"
  issue apiserver /CN=kube-apiserver "IP:$node_ip,IP:$service_ip,IP:127.0.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
  issue apiserver-kubelet /O=system:masters/CN=kube-apiserver
  issue kubelet "/O=system:nodes/CN=system:node:$node_name"
  issue admin /O=system:masters/CN=admin
  for component in kube-controller-manager kube-scheduler kube-proxy; do
    issue "$component" "/CN=system:$component"
  done
  for component in kube-controller-manager kube-scheduler kube-proxy kubelet; do
    write_kubeconfig "$pki/$component.conf" "$component"
  done
  write_kubeconfig "$state/kubeconfig" admin
  touch "$pki/complete"
}

write_containerd_configuration() {
  local snapshotter=overlayfs
  # An overlay cannot lie on an overlay, which is what the state folder is on inside a container.
  [[ $(stat -f -c %T "$state") != overlayfs ]] || snapshotter=native
  # restrict_oom_score_adj: a machine may lack the capability to make a process less likely to be killed.
  cat >"$state/containerd.toml" <<TOML
version = 2
root = "$state/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt"]
[grpc]
  address = "$state/run/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$pause_image"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$containerd/cni"
    conf_dir = "$state/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "$snapshotter"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "$containerd/runc"
TOML
  cat >"$state/cni/10-fleetops.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "fleetops-local", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "/run/cni-addresses", "ranges": [[{"subnet": "$pod_cidr"}]], "routes": [{"dst": "0.0.0.0/0"}]}}
]}
JSON
}

write_kubelet_configuration() {
  # Pods resolve names as this machine does; its file may be a link into /run, which the node does not see.
  cp -L /etc/resolv.conf "$state/resolv.conf" 2>/dev/null || : >"$state/resolv.conf"
  cat >"$state/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $node_ip
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: false}
  x509: {clientCAFile: $pki/ca.crt}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: /$cgroup
failSwapOn: false
oomScoreAdj: 0
resolvConf: $state/resolv.conf
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
serializeImagePulls: false
YAML
}

write_configuration() {
  mkdir -p "$state"/{log,run,cni,flex,models,kubelet,var/log,var/kubelet,var/cni}
  cat >"$state/node.env" <<ENV
kubernetes='$kubernetes'
etcd='$etcd'
containerd='$containerd'
kubectl='$kubectl'
pause_image='$pause_image'
pause_archive='$pause_archive'
node_name='$node_name'
node_ip='$node_ip'
pod_cidr='$pod_cidr'
service_cidr='$service_cidr'
uplink_node='$uplink_node'
uplink_machine='$uplink_machine'
gpus='$gpus'
ENV
  write_certificates
  write_containerd_configuration
  write_kubelet_configuration
}
