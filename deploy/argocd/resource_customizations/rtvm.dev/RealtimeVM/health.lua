-- Health of a RealtimeVM, from the conditions that rtvm's controller writes.
if obj.status == nil or obj.status.conditions == nil then
  return { status = "Progressing", message = "no controller has seen the VM yet" }
end
if obj.status.observedGeneration ~= nil and obj.status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "the controller has not seen the latest spec yet" }
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions) do
  conditions[condition.type] = condition
end

local function is(kind, status)
  return conditions[kind] ~= nil and conditions[kind].status == status
end

-- It takes a person: the spec makes no VM, or the domain could not be started.
if is("Stalled", "True") then
  return { status = "Degraded", message = conditions.Stalled.message }
end
-- It runs, and what was asked for does not hold.
if is("RealtimeVerified", "False") then
  return { status = "Degraded", message = conditions.RealtimeVerified.message }
end
-- Nothing is known of it: its node is silent, or its domain is paused.
if obj.status.phase == "Unknown" then
  local told = conditions.Ready or conditions.Running
  return { status = "Degraded", message = told.message }
end

-- What is stopped as it was meant to be is Healthy: Suspended would hold up the later waves of a sync for ever.
if obj.status.phase == "Stopped" and not is("Reconciling", "True") then
  if obj.spec.runStrategy == "Halted" then
    return { status = "Healthy", message = "stopped, as runStrategy Halted asks" }
  end
  local running = conditions.Running
  if running ~= nil and running.reason == "Succeeded" then
    return { status = "Healthy", message = running.message }
  end
  if running ~= nil and running.reason == "Ended" then
    return { status = "Degraded", message = running.message }
  end
end

if is("Ready", "True") and not is("Reconciling", "True") then
  if is("RestartRequired", "True") then
    return { status = "Healthy", message = conditions.Ready.message .. "; a restart is required: " .. conditions.RestartRequired.message }
  end
  return { status = "Healthy", message = conditions.Ready.message }
end

local told = conditions.Ready or conditions.Reconciling
return { status = "Progressing", message = told ~= nil and told.message or "no controller has said how the VM is" }
