//! Outbound HTTP: the only room that talks to other servers.
