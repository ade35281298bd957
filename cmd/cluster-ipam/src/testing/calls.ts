/** The environment of an ADD. */
export const ADD = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", CNI_NETNS: "/run/netns/x", CNI_IFNAME: "net1" };

/** A network configuration. */
export const CONFIG = '{"cniVersion":"1.1.0","name":"lan"}';

/** The result of an ADD. */
export const RESULT = '{"cniVersion":"1.1.0","ips":[{"address":"10.0.0.5/24"}]}';

/** A socket that nobody will ever listen on. */
export const NOWHERE = "/nonexistent/agent.sock";
