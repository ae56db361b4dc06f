using FleetOps.InferenceWorker.Engine;
using FleetOps.InferenceWorker.Engine.Sampling;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>A loaded model and the engine that answers with it.</summary>
/// <param name="Model">The weights and the vocabulary; its read-only parts may be used from any thread.</param>
/// <param name="Engine">Answers requests.</param>
/// <param name="DefaultSampling">What absent sampling options stand for.</param>
/// <param name="Template">Renders conversations; null if the model brings no template.</param>
internal sealed record ServedModel(LlamaModel Model, InferenceEngine Engine, SamplingSettings DefaultSampling, ConversationTemplate? Template);
