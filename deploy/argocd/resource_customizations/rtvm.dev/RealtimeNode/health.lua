-- Health of a RealtimeNode: whether its agent has told what the host is, and what it says of it.
if obj.status == nil or obj.status.topology == nil then
  return { status = "Progressing", message = "no agent has told what the host is" }
end

-- Of an agent that is silent, the other two are what it last said.
for _, kind in ipairs({ "AgentAlive", "Ready", "RealtimeReady" }) do
  for _, condition in ipairs(obj.status.conditions or {}) do
    if condition.type == kind and condition.status == "False" then
      return { status = "Degraded", message = condition.message }
    end
  end
end

-- Orphans keep running on purpose: a person decides, and no sync should wait for that.
local orphans = {}
for _, orphan in ipairs(obj.status.orphans or {}) do
  table.insert(orphans, orphan.domain)
end
if #orphans > 0 then
  return { status = "Healthy", message = "kept, though no allocation names them: " .. table.concat(orphans, ", ") }
end
return { status = "Healthy", message = "the agent has told what the host is" }
