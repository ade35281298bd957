#!/bin/sh
# Makes a container a node: containerd, the images in /images, then kubelet. Its name is NODE_NAME, its network eth0.
set -eu

# kubelet reads the kernel's messages, and ends where there are none.
[ -e /dev/kmsg ] || ln -s /dev/null /dev/kmsg
# What kubelet and containerd mount must reach the pods that ask for it.
mount --make-rshared /
# Docker mounts the control groups for reading only; they are the container's own.
for folder in /sys/fs/cgroup /sys/fs/cgroup/*; do
  if mountpoint -q "$folder"; then mount -o remount,bind,rw "$folder"; fi
done
# With control groups v2 a group that has children may have no processes of its own.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/node
  xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/node/cgroup.procs 2>/dev/null || true
  sed 's/ / +/g; s/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
fi

containerd --config /etc/containerd/config.toml >>/var/log/containerd.log 2>&1 &
until ctr version >/dev/null 2>&1; do
  kill -0 $! 2>/dev/null || { tail -n 20 /var/log/containerd.log >&2; exit 1; }
  sleep 0.1
done
if [ ! -e /var/lib/containerd/.loaded ]; then
  for archive in /images/*.tar; do ctr --namespace k8s.io images import --no-unpack "$archive" >/dev/null; done
  touch /var/lib/containerd/.loaded
fi

address=$(ip -4 -o address show dev eth0 | sed 's/.* inet \([0-9.]*\).*/\1/')
echo "node $NODE_NAME at $address"
exec kubelet --config=/etc/kubernetes/kubelet.yaml --kubeconfig=/etc/kubernetes/kubelet.conf \
  --hostname-override="$NODE_NAME" --node-ip="$address" >>/var/log/kubelet.log 2>&1
