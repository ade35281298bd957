#!/bin/sh
# Starts @NAME@ on the Node.js that lies beside it, from any folder and through any link. Unless it is a link it uses
# nothing but the shell itself: it runs for every pod, with whatever PATH the container runtime has.
case $0 in
  */*) self=$0 ;;
  *) self=./$0 ;;
esac
while [ -h "$self" ]; do
  link=$(command -p readlink "$self") || exit 1
  case $link in
    /*) self=$link ;;
    *) self=${self%/*}/$link ;;
  esac
done
bin=${self%/*}
# Node.js shortens a path by its letters, which goes wrong after a link to a folder.
if [ -h "$bin" ]; then bin=$(CDPATH='' cd -P "$bin" && pwd); fi
lib=$bin/../lib
@PRELUDE@
exec "$lib/node" @OPTIONS@"$lib/@NAME@.js" "$@"
