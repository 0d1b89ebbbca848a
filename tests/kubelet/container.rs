//! A container, as far as the kernel makes one here: the user and groups that the kubelet takes from pod and image, a root
//! filesystem that may be read-only, the pod's volumes and nothing else to write to, capabilities, `no_new_privs`. Not
//! here: seccomp, AppArmor, SELinux, user namespaces and cgroups.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use k8s_openapi::api::core::v1::{Container, PodSpec, SecurityContext, Volume};

use crate::cluster::Cluster;
use crate::sandbox;
use crate::stand_in::{Image, User, image};

/// Makes the root, in a mount namespace of its own, and becomes the program. `$1` is an empty folder, `$2` this binary, `$3`
/// the cluster's folder, `$4` is `ro` or `rw`, `$5` the working directory; the rest are words for setpriv. Standard input is
/// the program's clock.
const SCRIPT: &str = r#"
set -eu
root=$1 binary=$2 cluster=$3 access=$4 directory=$5
shift 5
mount -t tmpfs -o mode=0755 image "$root"
# In the place of the image's libraries and shell: the machine's, read-only.
mkdir "$root/usr"
for path in bin sbin lib lib64 usr/bin usr/sbin usr/lib usr/lib64; do
	if [ -L "/$path" ]; then
		cp -P "/$path" "$root/$path"
	elif [ -d "/$path" ]; then
		mkdir "$root/$path"
		mount --bind "/$path" "$root/$path"
		mount -o remount,bind,ro "$root/$path"
	fi
done
mkdir -p "$root/dev" "$root/etc" "$root/cluster" "$root$directory"
mkdir -m 1777 "$root/tmp"
touch "$root/dev/null" "$root/stand-in"
mount --bind /dev/null "$root/dev/null"
mount --bind "$binary" "$root/stand-in"
# What scripts of the image `mc` call.
mkdir "$root/programs"
printf '#!/bin/sh\nexec /stand-in stand-in-client "$@"\n' >"$root/programs/mc"
chmod 755 "$root/programs/mc"
while IFS=' ' read -r owner mode path; do
	[ -n "$path" ] || continue
	mkdir -p "$root$path"
	chmod "$mode" "$root$path"
	chown "$owner" "$root$path"
done <<END
$FOLDERS
END
while IFS=' ' read -r mode source path; do
	[ -n "$path" ] || continue
	mkdir -p "$root$path"
	mount --bind "$source" "$root$path"
	[ "$mode" = rw ] || mount -o remount,bind,ro "$root$path"
done <<END
$MOUNTS
END
mount --bind "$cluster" "$root/cluster"
[ "$access" = rw ] || mount -o remount,ro "$root"
unset FOLDERS MOUNTS
# As runtimes do, into the working directory before the user is set, who may have no right to it.
exec chroot "$root" env -C "$directory" setpriv "$@"
"#;

/// How a container runs: what pod and image together say.
#[derive(Debug, PartialEq, Eq)]
pub struct Runs {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
    pub read_only: bool,
    pub no_new_privileges: bool,
    pub no_capabilities: bool,
}

/// How a container of the pod runs, or what keeps it in `CreateContainerConfigError` (`verifyRunAsNonRoot`).
pub fn runs(spec: &PodSpec, container: &Container) -> Result<Runs, String> {
    let image = image(container.image.as_deref().unwrap_or_default()).ok_or("no such image")?;
    let pod = spec.security_context.clone().unwrap_or_default();
    let own = container.security_context.clone().unwrap_or_default();
    let uid = own.run_as_user.or(pod.run_as_user);
    if own.run_as_non_root.or(pod.run_as_non_root) == Some(true) {
        match (uid, image.user) {
            (Some(0), _) => return Err("container's runAsUser breaks non-root policy".to_owned()),
            (None, User::Number(0)) => {
                return Err("container has runAsNonRoot and image will run as root".to_owned());
            }
            (None, User::Name(name, _)) => {
                return Err(format!(
                    "container has runAsNonRoot and image has non-numeric user ({name}), cannot verify user is non-root"
                ));
            }
            _ => {}
        }
    }
    let number = |id: Option<i64>| id.map(|id| u32::try_from(id).unwrap());
    let groups = pod.fs_group.into_iter().chain(pod.supplemental_groups.into_iter().flatten());
    let uid = number(uid).unwrap_or(image.user.id());
    // A user that the image does not know is in root's group.
    let its_group = if uid == image.user.id() { uid } else { 0 };
    Ok(Runs {
        uid,
        gid: number(own.run_as_group.or(pod.run_as_group)).unwrap_or(its_group),
        groups: groups.map(|id| u32::try_from(id).unwrap()).collect(),
        read_only: own.read_only_root_filesystem == Some(true),
        no_new_privileges: own.allow_privilege_escalation == Some(false),
        no_capabilities: drops_all(&own),
    })
}

/// Sets the kernel parameters of the pod's network, which this process is in.
pub fn sysctls(spec: &PodSpec) {
    let own = spec.security_context.iter().flat_map(|context| context.sysctls.iter().flatten());
    let own = own.map(|sysctl| (sysctl.name.as_str(), sysctl.value.as_str()));
    for (name, value) in [("net.ipv4.ip_unprivileged_port_start", "1024")].into_iter().chain(own) {
        std::fs::write(format!("/proc/sys/{}", name.replace('.', "/")), value).unwrap();
    }
}

fn drops_all(context: &SecurityContext) -> bool {
    let dropped = context.capabilities.iter().flat_map(|capabilities| capabilities.drop.iter().flatten());
    dropped.into_iter().any(|name| name == "ALL")
}

/// The volumes of a pod, made before its containers start.
pub struct Volumes {
    folder: PathBuf,
}

impl Volumes {
    /// Those in a folder of the pod.
    pub fn of(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder of a container's mount, and whether it may be written to. What a ConfigMap or Secret that is missing holds
    /// back is an error.
    fn mount(&self, spec: &PodSpec, name: &str, cluster: &Cluster) -> Result<(PathBuf, bool), String> {
        let path = self.folder.join(name);
        let volume = spec.volumes.iter().flatten().find(|volume| volume.name == name);
        let is_new = !path.exists();
        std::fs::create_dir_all(&path).unwrap();
        let files = match volume {
            Some(volume) => files(volume, cluster)?,
            None => None,
        };
        let writable = files.is_none();
        for (key, value) in files.into_iter().flatten() {
            std::fs::write(path.join(key), value).unwrap();
        }
        // Who may write where is for containers only, and for root to say.
        if is_new && writable && sandbox::inside() {
            // A folder for everybody; a new disk is root's.
            let is_empty_dir = volume.is_some_and(|volume| volume.empty_dir.is_some());
            let mut mode = if is_empty_dir { 0o777 } else { 0o755 };
            if let Some(group) = spec.security_context.as_ref().and_then(|context| context.fs_group) {
                // `SetVolumeOwnership`: the group may do what the owner may, and new files are the group's.
                chown(&path, None, Some(u32::try_from(group).unwrap())).unwrap();
                mode |= 0o2070;
            }
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        Ok((path, writable))
    }

    /// Every mount of a container: its folder, its path, and whether it may be written to.
    pub fn mounts(
        &self,
        spec: &PodSpec,
        container: &Container,
        cluster: &Cluster,
    ) -> Result<Vec<(PathBuf, String, bool)>, String> {
        let mounts = container.volume_mounts.iter().flatten();
        let each = mounts.map(|mount| {
            assert!(mount.sub_path.is_none() && mount.sub_path_expr.is_none(), "this runner knows no subPath");
            let (folder, writable) = self.mount(spec, &mount.name, cluster)?;
            Ok((folder, mount.mount_path.clone(), writable && mount.read_only != Some(true)))
        });
        each.collect()
    }
}

/// The files of a volume that a ConfigMap or Secret fills; nothing of one that is written to.
fn files(volume: &Volume, cluster: &Cluster) -> Result<Option<BTreeMap<String, String>>, String> {
    let (kind, name, optional, found) = if let Some(map) = &volume.config_map {
        ("configmap", &map.name, map.optional, cluster.config_maps.get(&map.name))
    } else if let Some(secret) = &volume.secret {
        let name = secret.secret_name.as_ref().expect("a Secret's volume has its name");
        ("secret", name, secret.optional, cluster.secrets.get(name))
    } else {
        assert!(
            volume.empty_dir.is_some() || volume.persistent_volume_claim.is_some(),
            "this runner does not know the volume {volume:?}"
        );
        return Ok(None);
    };
    match found {
        Some(data) => Ok(Some(data.clone())),
        None if optional == Some(true) => Ok(Some(BTreeMap::new())),
        None => Err(format!("MountVolume.SetUp failed for volume {:?}: {kind} {name:?} not found", volume.name)),
    }
}

/// The command that becomes the container's process; its words are to follow.
pub fn command(runs: &Runs, image: &Image, mounts: &[(PathBuf, String, bool)], cluster: &Path) -> Command {
    let root = cluster.join("root");
    std::fs::create_dir_all(&root).unwrap();
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-c", SCRIPT, "container"]);
    command.arg(&root).arg(std::env::current_exe().unwrap()).arg(cluster);
    command.args([if runs.read_only { "ro" } else { "rw" }, image.directory]);
    command.arg(format!("--reuid={}", runs.uid)).arg(format!("--regid={}", runs.gid));
    let groups: Vec<String> = runs.groups.iter().map(ToString::to_string).collect();
    command.arg(if groups.is_empty() { "--clear-groups".into() } else { format!("--groups={}", groups.join(",")) });
    if runs.no_capabilities {
        command.args(["--bounding-set=-all", "--inh-caps=-all"]);
    }
    if runs.no_new_privileges {
        command.arg("--no-new-privs");
    }
    command.arg("/stand-in");
    let line = |(folder, path, writable): &(PathBuf, String, bool)| {
        format!("{} {} {path}\n", if *writable { "rw" } else { "ro" }, folder.display())
    };
    command.env_clear().env("MOUNTS", mounts.iter().map(line).collect::<String>());
    let folder = |(path, owner, mode): &(&str, u32, u32)| format!("{owner}:{owner} {mode:o} {path}\n");
    command.env("FOLDERS", image.folders.iter().map(folder).collect::<String>());
    command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/programs");
    command
}
