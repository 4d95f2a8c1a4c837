package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"pulumi-vapi-byo.invalid/sdk/vapibyo"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		assistantID := config.Get(ctx, "assistantId")
		if assistantID == "" {
			assistantID = "7d1a9a0e-52c3-4b0e-8f6d-6a1f0f3f0c55"
		}

		trunk, err := vapibyo.NewByoSipTrunkCredential(ctx, "trunk", &vapibyo.ByoSipTrunkCredentialArgs{
			Name: pulumi.String("Carrier"),
			Gateways: vapibyo.SipTrunkGatewayArray{
				vapibyo.SipTrunkGatewayArgs{Ip: pulumi.String("203.0.113.10")},
			},
		})
		if err != nil {
			return err
		}

		support, err := vapibyo.NewByoPhoneNumber(ctx, "support", &vapibyo.ByoPhoneNumberArgs{
			Number:       pulumi.String("+14155552671"),
			CredentialId: trunk.ID(),
			Name:         pulumi.String("Support line"),
			AssistantId:  pulumi.String(assistantID),
		})
		if err != nil {
			return err
		}

		london, err := vapibyo.NewByoPhoneNumber(ctx, "london", &vapibyo.ByoPhoneNumberArgs{
			Number:       pulumi.String("+442079460018"),
			CredentialId: trunk.ID(),
			Name:         pulumi.String("London"),
			AssistantId:  pulumi.String(assistantID),
			Server: &vapibyo.ServerArgs{
				Url:            pulumi.String("https://example.com/calls"),
				TimeoutSeconds: pulumi.Float64(10),
			},
		})
		if err != nil {
			return err
		}

		ctx.Export("sendInboundCallsTo", pulumi.Map{"support": support.SipUri, "london": london.SipUri})
		return nil
	})
}
