-- A RealtimeImage is data; whether a host can fetch and read it is told by the VMs that start from it.
return { status = "Healthy", message = "accepted" }
