//! What ports say of services: of those whose first bytes say nothing, and of those whose
//! rules tell ports apart.

/// The service to assume of a server's port until bytes tell another.
pub fn service_of_port(port: u16) -> Option<&'static str> {
    match port {
        53 => Some("dns"),
        111 => Some("sunrpc"),
        _ => None,
    }
}

/// Whether a port is one that the service was assigned.
///
/// Datagrams to it that look like the service's are it at once. Elsewhere they may look so by
/// chance: there the other end has to answer first, as in Snort.
pub fn is_assigned(service: &str, port: u16) -> bool {
    match service {
        "sip" => true,
        "dns" => port == 53,
        "sunrpc" => port == 111,
        "snmp" => matches!(port, 161 | 162),
        "ssdp" => port == 1900,
        "dhcp" => matches!(port, 67 | 68),
        "netbios-ns" => port == 137,
        "netbios-dgm" => port == 138,
        "kerberos" => port == 88,
        "ldap" => port == 389,
        "tftp" => port == 69,
        "dcerpc" => port == 135,
        _ => false,
    }
}

/// Whether rules for the service are tried by their ports all the same, because it has
/// several and rules mean one of them: a request of SNMP is not a trap, what a DHCP client
/// sends is not what its server answers.
pub fn tell_apart(service: &str, port: u16) -> bool {
    matches!(service, "snmp" | "dhcp") && is_assigned(service, port)
}

/// Services that flows of UDP may have.
pub fn is_over_udp(service: &str) -> bool {
    matches!(
        service,
        "sip"
            | "dns"
            | "sunrpc"
            | "snmp"
            | "ssdp"
            | "dhcp"
            | "netbios-ns"
            | "netbios-dgm"
            | "kerberos"
            | "ldap"
            | "tftp"
            | "dcerpc"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_name_a_service_or_tell_its_rules_apart() {
        for (port, service) in [(53, Some("dns")), (111, Some("sunrpc")), (161, None)] {
            assert_eq!(service_of_port(port), service, "{port}");
        }
        for (service, port, assigned, apart) in [
            ("snmp", 161, true, true),
            ("snmp", 162, true, true),
            ("snmp", 7161, false, false),
            ("dhcp", 68, true, true),
            ("tftp", 69, true, false),
            ("tftp", 161, false, false),
            ("sip", 9, true, false),
            ("http", 80, false, false),
        ] {
            assert_eq!(is_assigned(service, port), assigned, "{service} {port}");
            assert_eq!(tell_apart(service, port), apart, "{service} {port}");
        }
    }
}
