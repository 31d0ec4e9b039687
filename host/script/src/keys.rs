//! The keys of worlds and steps as data: for the reference page, for JSON schemas, and for the test that holds them
//! against what is really read.

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A text.
    Text,
    /// Texts: a list, or one alone.
    Texts,
    /// A whole number.
    Number,
    /// true or false.
    Bool,
    /// A time span, such as 10s.
    Span,
    /// A name or a number.
    NameOrNumber,
    /// A socket address.
    Address,
    /// A map from names or numbers to values.
    Map,
    /// A list.
    List,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of several of these, as the description says.
    Any,
}

impl Shape {
    /// What documents call it.
    pub fn word(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Texts => "text or list".to_owned(),
            Self::Number => "number".to_owned(),
            Self::Bool => "true, false".to_owned(),
            Self::Span => "time span".to_owned(),
            Self::NameOrNumber => "name or number".to_owned(),
            Self::Address => "address".to_owned(),
            Self::Map => "map".to_owned(),
            Self::List => "list".to_owned(),
            Self::Word(words) => words.join(", "),
            Self::Any => "see there".to_owned(),
        }
    }
}

/// A key of a map.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// What holds when it is left out.
    pub default: &'static str,
    /// What it means.
    pub doc: &'static str,
}

const fn key(name: &'static str, shape: Shape, default: &'static str, doc: &'static str) -> Key {
    Key { name, shape, default, doc }
}

/// Keys of `given`.
pub static GIVEN: &[Key] = &[
    key("users", Shape::List, "", "users beside those that are always there"),
    key("groups", Shape::List, "", "groups beside those of the users"),
    key("containers", Shape::List, "", "containers that processes may be in"),
    key("processes", Shape::List, "", "processes beside init, parents before their children"),
];

/// Keys of an entry of `users`.
pub static USER: &[Key] = &[
    key("name", Shape::Text, "required", "name"),
    key("uid", Shape::Number, "the next from 1000", "user id"),
    key("gid", Shape::Number, "the uid", "main group"),
    key("home", Shape::Text, "/home/NAME", "home folder"),
    key("shell", Shape::Text, "/bin/bash", "login shell"),
];

/// Keys of an entry of `groups`.
pub static GROUP: &[Key] =
    &[key("gid", Shape::Number, "required", "group id"), key("name", Shape::Text, "required", "name")];

/// Keys of an entry of `containers`.
pub static CONTAINER: &[Key] = &[
    key("name", Shape::Text, "the id", "name, by which processes refer to it"),
    key("id", Shape::Text, "made from the name", "12 or 64 hexadecimal digits; any text for lxc, libvirt-lxc and bpm"),
    key(
        "type",
        Shape::Word(&["docker", "podman", "cri", "containerd", "crio", "cri-o", "lxc", "libvirt-lxc", "bpm"]),
        "docker; containerd in a pod",
        "engine: decides the cgroups of the processes, from which the id is read",
    ),
    key("image", Shape::Text, "", "repository:tag@digest, split into the image fields"),
    key("image_id", Shape::Text, "made from the image", "id of the image"),
    key("image_digest", Shape::Text, "from the image", "digest of the image"),
    key("privileged", Shape::Bool, "false", "root in it has all capabilities"),
    key("host_pid", Shape::Bool, "false", "shares the host's pid namespace, as the document says"),
    key("host_network", Shape::Bool, "false", "shares the host's network"),
    key("host_ipc", Shape::Bool, "false", "shares the host's ipc namespace"),
    key("ip", Shape::Text, "the pod's", "address"),
    key("user", Shape::Text, "", "user that the engine was told to run it as"),
    key("env", Shape::Texts, "", "environment of the document: NAME=value"),
    key("labels", Shape::Map, "", "labels"),
    key("mounts", Shape::List, "", "\"source:destination\", \"source:destination:ro\", or a map"),
    key("age", Shape::Span, "1h", "how long before the first step it was started"),
    key("pod", Shape::Map, "", "the Kubernetes pod that it belongs to"),
];

/// Keys of a container's `pod`.
pub static POD: &[Key] = &[
    key("name", Shape::Text, "required", "name"),
    key("namespace", Shape::Text, "default", "namespace"),
    key("uid", Shape::Text, "made from the name", "uid"),
    key("ip", Shape::Text, "", "address"),
    key("labels", Shape::Map, "", "labels"),
];

/// Keys of a mount that is written as a map.
pub static MOUNT: &[Key] = &[
    key("source", Shape::Text, "", "path on the host"),
    key("destination", Shape::Text, "", "path in the container"),
    key("mode", Shape::Text, "", "mode"),
    key("rw", Shape::Bool, "true", "whether it may be written"),
    key("propagation", Shape::Text, "rprivate", "propagation"),
];

/// Keys that describe a process in the world, in `execve` and in the calls that make processes.
pub static PROCESS: &[Key] = &[
    key(
        "exe",
        Shape::Text,
        "the parent's",
        "the program; a name without / is in /usr/bin, memfd:NAME is a file in memory",
    ),
    key("exepath", Shape::Text, "the exe", "path of the executable where it differs"),
    key("arg0", Shape::Text, "the exe", "first argument, which proc.exe shows"),
    key("args", Shape::Texts, "none", "arguments after the first"),
    key("name", Shape::Text, "last part of the exe", "proc.name; the kernel keeps 15 bytes"),
    key("user", Shape::NameOrNumber, "the parent's", "user, with their main group"),
    key("group", Shape::NameOrNumber, "the user's", "group"),
    key("env", Shape::Any, "the parent's", "environment: a map, or a list of NAME=value"),
    key("cwd", Shape::Text, "the parent's", "working directory"),
    key("root", Shape::Text, "the parent's", "root directory"),
    key(
        "tty",
        Shape::Any,
        "the parent's",
        "terminal: a device number, pts/N, true or false; a new one begins a session",
    ),
    key("container", Shape::Text, "the parent's", "name or id of a container, or host"),
    key("loginuid", Shape::NameOrNumber, "the parent's; with a new tty the user", "user who logged in, or none"),
    key("sid", Shape::NameOrNumber, "the parent's; own with a new tty or below init", "session: a process"),
    key("pgid", Shape::NameOrNumber, "its own", "process group: a process"),
    key("vpgid", Shape::Number, "its own", "process group in its pid namespace"),
    key("vpid", Shape::Number, "counted from 1 per container", "pid in its pid namespace"),
    key(
        "caps",
        Shape::Any,
        "all for root; fewer in a container that is not privileged",
        "permitted and effective capabilities: all, none, or a list of names",
    ),
    key("exe_writable", Shape::Bool, "false", "its user may write to the executable"),
    key("exe_upper_layer", Shape::Bool, "false", "the executable was made or changed in the running container"),
    key("exe_lower_layer", Shape::Bool, "false", "the executable is of the image"),
    key("exe_from_memfd", Shape::Bool, "true for memfd:NAME", "the executable is a file in memory"),
    key("exe_ino", Shape::Number, "made from the path", "inode of the executable"),
    key(
        "exe_ctime",
        Shape::Any,
        "30 days before boot",
        "change of that inode: a time span before now, or ns since 1970",
    ),
    key("exe_mtime", Shape::Any, "30 days before boot", "modification of the executable, likewise"),
    key("fdlimit", Shape::Number, "1024", "most descriptors that it may open"),
];

/// Keys that only processes of the world have.
pub static GIVEN_PROCESS: &[Key] = &[
    key("as", Shape::Text, "proc.name", "name by which steps and other processes refer to it"),
    key("parent", Shape::NameOrNumber, "init", "parent"),
    key("thread_of", Shape::NameOrNumber, "", "this is no process but another thread of that one"),
    key("pid", Shape::Number, "the next from 1001", "process id"),
    key("vtid", Shape::Number, "the vpid", "thread id in its pid namespace"),
    key(
        "files",
        Shape::Map,
        "",
        "open files by descriptor; a path that ends in / is a directory, null closes 0, 1 or 2",
    ),
    key("pipes", Shape::Map, "", "pipes: descriptor to inode; both ends of a pipe have the same"),
    key("sockets", Shape::Map, "", "sockets by descriptor: the address of the peer, or a map"),
];

/// Keys of a socket that is written as a map.
pub static SOCKET: &[Key] = &[
    key("proto", Shape::Word(&["tcp", "udp", "raw", "icmp", "unix"]), "tcp", "transport"),
    key("to", Shape::Address, "", "the server's end"),
    key("from", Shape::Address, "10.0.0.5 or fd00::5 with some port", "the client's end"),
    key("role", Shape::Word(&["client", "server"]), "client", "which end this process has"),
    key("listen", Shape::Address, "", "it listens there"),
    key("path", Shape::Text, "", "it is a local socket with this path"),
];

/// Keys that every step may have beside its event.
pub static STEP: &[Key] = &[
    key("by", Shape::NameOrNumber, "the last process of the world", "which process acts"),
    key("after", Shape::Span, "1ms", "time since the step before"),
    key("as", Shape::Text, "", "name of the descriptor or process that the step makes, or of the socket that it uses"),
    key("result", Shape::NameOrNumber, "success", "what the call returns: a number, the name of an error, or success"),
];

/// Keys of `exit`.
pub static EXIT: &[Key] = &[
    key("code", Shape::Number, "0", "exit code"),
    key("signal", Shape::NameOrNumber, "", "signal that ended it"),
    key("ret", Shape::Number, "the code", "parameter ret"),
    key("sig", Shape::NameOrNumber, "the signal", "parameter sig"),
    key("status", Shape::Number, "from code and signal", "parameter status"),
    key("core", Shape::Number, "0", "whether memory was dumped"),
    key("reaper_tid", Shape::NameOrNumber, "init if it has children", "who gets its children"),
];

/// Keys of clone, clone3, fork, vfork and spawn beside those of a process.
pub static CLONE: &[Key] = &[
    key("as", Shape::Text, "", "name of the child"),
    key("pid", Shape::Number, "the next", "process id of the child"),
    key("flags", Shape::Any, "those of fork", "CLONE_ flags; CLONE_THREAD makes a thread"),
];

/// What calls on sockets take beside the parameters of their event.
pub static SOCKET_CALL: &[Key] = &[
    key(
        "to",
        Shape::Address,
        "203.0.113.10:443 for connect",
        "where it goes: the peer of connect and send, the own end of accept and recv",
    ),
    key("from", Shape::Address, "10.0.0.5 or 198.51.100.7", "where it comes from"),
    key(
        "proto",
        Shape::Word(&["tcp", "udp", "icmp", "raw", "unix"]),
        "tcp; udp to an address",
        "of the socket that is made on the way",
    ),
];
