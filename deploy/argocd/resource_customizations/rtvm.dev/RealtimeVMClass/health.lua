-- A RealtimeVMClass is data: what the API server has accepted is as good as it gets.
return { status = "Healthy", message = "accepted" }
